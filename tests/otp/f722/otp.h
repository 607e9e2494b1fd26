/* One-time-programmable memory of STM32F722RE. Made by `waxseal gen otp-c f722.toml`: change the manifest, not this file.
 * A function for each field. What it reads was judged: complement, copies, the sums over it, its type's form.
 * Offsets are counted from the memory's first byte. */
#ifndef WAXSEAL_OTP_H
#define WAXSEAL_OTP_H

/* Memory. */

/* Order code. */
#define WAXSEAL_OTP_PART "STM32F722RE"
/* Address of its first byte. */
#define WAXSEAL_OTP_ADDRESS 0x1FF07800u
/* Bytes, without locks. */
#define WAXSEAL_OTP_SIZE 512u
/* Bytes that are programmed together, once; 1: any bit can be cleared later. */
#define WAXSEAL_OTP_UNIT 1u
/* Version of the field list. */
#define WAXSEAL_OTP_VERSION 3u
/* Fingerprint of the layout (SHA-256), as a board's sealed blob has it. */
#define WAXSEAL_OTP_FINGERPRINT { \
    0xEF, 0xD2, 0x8F, 0x0B, 0x7E, 0x1D, 0x86, 0xC2, 0x3A, 0xCA, 0x0F, 0xBB, \
    0x10, 0xB7, 0x4F, 0xB6, 0xB7, 0xB5, 0xC0, 0xF9, 0x7E, 0xFA, 0xDA, 0x11, \
    0x92, 0x74, 0x98, 0xEB, 0x80, 0x7E, 0x39, 0x9E \
}
#define WAXSEAL_OTP_FINGERPRINT_BYTES 32u

/* What a function gives: 0, or why it refuses the field. */

/* The value is right. */
#define WAXSEAL_OTP_OK 0u
/* A byte of the field cannot be read. */
#define WAXSEAL_OTP_REFUSED_UNREADABLE 803u
/* The field was never programmed: all of its bytes are 0xFF. */
#define WAXSEAL_OTP_REFUSED_BLANK 804u
/* The complement is not that of the values: the field was programmed in part, or has worn. */
#define WAXSEAL_OTP_REFUSED_COMPLEMENT 805u
/* No two of the three copies are equal. */
#define WAXSEAL_OTP_REFUSED_COPIES 806u
/* The sum is not that of the fields that it covers. */
#define WAXSEAL_OTP_REFUSED_SUM 807u
/* The bytes are no value of the field's type: no printable text, no day, no word of the list. */
#define WAXSEAL_OTP_REFUSED_FORM 809u

/* Words of `color`. */

/* `red`. */
#define WAXSEAL_OTP_COLOR_RED 1u
/* `dark-green`. */
#define WAXSEAL_OTP_COLOR_DARK_GREEN 7u

#include <stdint.h>

/* How this memory is read. */
typedef struct waxseal_otp_memory {
    /* Reads `size` bytes, 32 at most, from `offset` of the memory on. Gives 0; anything else if one of them cannot be read. */
    int (*read)(void *context, uint32_t offset, uint8_t *bytes, uint32_t size);
    /* Handed to `read`. */
    void *context;
} waxseal_otp_memory;

/* A day: month 1 to 12, day of the month 1 to 31. */
typedef struct waxseal_otp_date {
    uint16_t year;
    uint8_t month;
    uint8_t day;
} waxseal_otp_date;

/* Reads a range in pieces. */
static inline uint16_t waxseal_otp_fetch(const waxseal_otp_memory *memory, uint32_t at, uint8_t *bytes, uint32_t size)
{
    uint32_t done = 0, part;
    for (; done < size; done += part) {
        part = size - done < 32u ? size - done : 32u;
        if (memory->read(memory->context, at + done, bytes + done, part) != 0) {
            return WAXSEAL_OTP_REFUSED_UNREADABLE;
        }
    }
    return WAXSEAL_OTP_OK;
}

/* Whether the bytes at two offsets differ in exactly these bits of each byte: *equal becomes 0 if they do not. */
static inline uint16_t waxseal_otp_compare(const waxseal_otp_memory *memory, uint32_t a, uint32_t b, uint32_t size,
                                           uint8_t difference, int *equal)
{
    uint8_t one[32], other[32];
    uint32_t done = 0, part, i;
    *equal = 1;
    for (; done < size; done += part) {
        part = size - done < 32u ? size - done : 32u;
        if (memory->read(memory->context, a + done, one, part) != 0
            || memory->read(memory->context, b + done, other, part) != 0) {
            return WAXSEAL_OTP_REFUSED_UNREADABLE;
        }
        for (i = 0; i < part; i++) {
            if ((uint8_t)(one[i] ^ other[i]) != difference) {
                *equal = 0;
            }
        }
    }
    return WAXSEAL_OTP_OK;
}

/* Judges a field of `size` bytes that stand there once or three times, or with their complement: *good is the offset of
 * values that are right. */
static inline uint16_t waxseal_otp_judge(const waxseal_otp_memory *memory, uint32_t at, uint32_t size, uint32_t copies,
                                         int complement, uint32_t *good)
{
    uint8_t bytes[32];
    uint32_t whole = size * copies * (complement ? 2u : 1u), done = 0, part, i;
    int blank = 1, equal;
    uint16_t code;
    *good = at;
    for (; done < whole; done += part) {
        part = whole - done < 32u ? whole - done : 32u;
        if (memory->read(memory->context, at + done, bytes, part) != 0) {
            return WAXSEAL_OTP_REFUSED_UNREADABLE;
        }
        for (i = 0; i < part; i++) {
            if (bytes[i] != 0xFFu) {
                blank = 0;
            }
        }
    }
    if (blank) {
        return WAXSEAL_OTP_REFUSED_BLANK;
    }
    if (complement) {
        code = waxseal_otp_compare(memory, at, at + size, size, 0xFFu, &equal);
        if (code == WAXSEAL_OTP_OK && !equal) {
            code = WAXSEAL_OTP_REFUSED_COMPLEMENT;
        }
        return code;
    }
    if (copies != 3u) {
        return WAXSEAL_OTP_OK;
    }
    /* If the first has an equal it is right, and else the other two must agree. */
    code = waxseal_otp_compare(memory, at, at + size, size, 0, &equal);
    if (code != WAXSEAL_OTP_OK || equal) {
        return code;
    }
    code = waxseal_otp_compare(memory, at, at + 2u * size, size, 0, &equal);
    if (code != WAXSEAL_OTP_OK || equal) {
        return code;
    }
    *good = at + size;
    code = waxseal_otp_compare(memory, at + size, at + 2u * size, size, 0, &equal);
    if (code == WAXSEAL_OTP_OK && !equal) {
        code = WAXSEAL_OTP_REFUSED_COPIES;
    }
    return code;
}

/* The values of a field that was judged. */
static inline uint16_t waxseal_otp_values(const waxseal_otp_memory *memory, uint32_t at, uint32_t size, uint32_t copies,
                                          int complement, uint8_t *bytes)
{
    uint32_t good;
    uint16_t code = waxseal_otp_judge(memory, at, size, copies, complement, &good);
    return code == WAXSEAL_OTP_OK ? waxseal_otp_fetch(memory, good, bytes, size) : code;
}

/* Takes the values of a field into a sum: CRC-32 (IEEE 802.3, reflected, as in zip). */
static inline uint16_t waxseal_otp_add(const waxseal_otp_memory *memory, uint32_t at, uint32_t size, uint32_t copies,
                                       int complement, uint32_t *crc)
{
    uint8_t bytes[32];
    uint32_t good, done = 0, part, i;
    int bit;
    uint16_t code = waxseal_otp_judge(memory, at, size, copies, complement, &good);
    for (; code == WAXSEAL_OTP_OK && done < size; done += part) {
        part = size - done < 32u ? size - done : 32u;
        code = waxseal_otp_fetch(memory, good + done, bytes, part);
        for (i = 0; code == WAXSEAL_OTP_OK && i < part; i++) {
            *crc ^= bytes[i];
            for (bit = 0; bit < 8; bit++) {
                *crc = (*crc >> 1) ^ (0xEDB88320u & (0u - (*crc & 1u)));
            }
        }
    }
    return code;
}

/* A number in little-endian order. */
static inline uint64_t waxseal_otp_number(const uint8_t *bytes, uint32_t size)
{
    uint64_t number = 0;
    while (size > 0) {
        size--;
        number = number << 8 | bytes[size];
    }
    return number;
}

/* Compares a sum with the field that holds it. */
static inline uint16_t waxseal_otp_sum(const waxseal_otp_memory *memory, uint32_t at, uint32_t copies, int complement,
                                       uint32_t crc)
{
    uint8_t bytes[4];
    uint16_t code = waxseal_otp_values(memory, at, 4, copies, complement, bytes);
    if (code == WAXSEAL_OTP_OK && waxseal_otp_number(bytes, 4) != (crc ^ 0xFFFFFFFFu)) {
        code = WAXSEAL_OTP_REFUSED_SUM;
    }
    return code;
}

/* The units that are spent, up to the first that is not. A unit is spent if more than half of its bits are zero, or if it
 * cannot be read: a power cut tore it while it was being spent. */
static inline uint32_t waxseal_otp_count(const waxseal_otp_memory *memory, uint32_t at, uint32_t units, uint32_t unit)
{
    uint8_t bytes[32];
    uint32_t number, done, part, i, zeros;
    int bit, faulted;
    for (number = 0; number < units; number++) {
        zeros = 0;
        faulted = 0;
        for (done = 0; done < unit && !faulted; done += part) {
            part = unit - done < 32u ? unit - done : 32u;
            faulted = memory->read(memory->context, at + number * unit + done, bytes, part) != 0;
            for (i = 0; !faulted && i < part; i++) {
                for (bit = 0; bit < 8; bit++) {
                    if (((uint32_t)bytes[i] >> bit & 1u) == 0) {
                        zeros++;
                    }
                }
            }
        }
        if (!faulted && zeros <= unit * 4u) {
            break;
        }
    }
    return number;
}

/* Whether these are characters from `first` to 0x7E, one at least, and then zeros. */
static inline uint16_t waxseal_otp_is_text(const uint8_t *bytes, uint32_t size, uint8_t first)
{
    uint32_t used = 0, i;
    while (used < size && bytes[used] >= first && bytes[used] <= 0x7Eu) {
        used++;
    }
    for (i = used; i < size; i++) {
        if (bytes[i] != 0) {
            return WAXSEAL_OTP_REFUSED_FORM;
        }
    }
    return used > 0 ? WAXSEAL_OTP_OK : WAXSEAL_OTP_REFUSED_FORM;
}

/* Characters, with a zero behind the last place. */
static inline uint16_t waxseal_otp_text(const uint8_t *bytes, uint32_t size, char *value)
{
    uint32_t i;
    for (i = 0; i < size; i++) {
        value[i] = (char)bytes[i];
    }
    value[size] = 0;
    return waxseal_otp_is_text(bytes, size, 0x20u);
}

/* A day. */
static inline uint16_t waxseal_otp_day(const uint8_t *bytes, waxseal_otp_date *value)
{
    value->year = (uint16_t)waxseal_otp_number(bytes, 2);
    value->month = bytes[2];
    value->day = bytes[3];
    if (value->month < 1u || value->month > 12u || value->day < 1u || value->day > 31u) {
        return WAXSEAL_OTP_REFUSED_FORM;
    }
    return WAXSEAL_OTP_OK;
}

/* Reads the memory where it lies: a `read` for waxseal_otp_memory. */
static inline int waxseal_otp_direct(void *context, uint32_t offset, uint8_t *bytes, uint32_t size)
{
    const volatile uint8_t *memory = (const volatile uint8_t *)(uintptr_t)(WAXSEAL_OTP_ADDRESS + offset);
    uint32_t i;
    (void)context;
    for (i = 0; i < size; i++) {
        bytes[i] = memory[i];
    }
    return 0;
}

/* `calibration-crc`: whether the sum is right over limit, offset, gain. 4 bytes at offset 0x7C, programmed in stage `calibration`. */
static inline uint16_t waxseal_otp_check_calibration_crc(const waxseal_otp_memory *memory)
{
    uint32_t crc = 0xFFFFFFFFu;
    uint16_t code = waxseal_otp_add(memory, 0x40u, 4u, 3u, 0, &crc);
    if (code == WAXSEAL_OTP_OK) {
        code = waxseal_otp_add(memory, 0x66u, 8u, 1u, 1, &crc);
    }
    if (code == WAXSEAL_OTP_OK) {
        code = waxseal_otp_add(memory, 0x60u, 6u, 1u, 0, &crc);
    }
    if (code == WAXSEAL_OTP_OK) {
        code = waxseal_otp_sum(memory, 0x7Cu, 1u, 0, crc);
    }
    return code;
}

/* `serial`: ascii. 10 bytes at offset 0x00, programmed in stage `identity`. */
static inline uint16_t waxseal_otp_read_serial(const waxseal_otp_memory *memory, char value[11])
{
    uint8_t bytes[10];
    uint16_t code = waxseal_otp_values(memory, 0x00u, 10u, 1u, 0, bytes);
    if (code == WAXSEAL_OTP_OK) {
        code = waxseal_otp_text(bytes, 10u, value);
    }
    return code;
}

/* `color`: enum. 1 bytes at offset 0x0A, programmed in stage `identity`. */
static inline uint16_t waxseal_otp_read_color(const waxseal_otp_memory *memory, uint8_t *value)
{
    uint8_t bytes[1];
    uint16_t code = waxseal_otp_values(memory, 0x0Au, 1u, 1u, 0, bytes);
    if (code == WAXSEAL_OTP_OK) {
        *value = (uint8_t)waxseal_otp_number(bytes, 1u);
        code = *value == 1u || *value == 7u ? WAXSEAL_OTP_OK : WAXSEAL_OTP_REFUSED_FORM;
    }
    return code;
}

/* `phases`: u8. 1 bytes at offset 0x0B, programmed in stage `identity`. */
static inline uint16_t waxseal_otp_read_phases(const waxseal_otp_memory *memory, uint8_t *value)
{
    uint8_t bytes[1];
    uint16_t code = waxseal_otp_values(memory, 0x0Bu, 1u, 1u, 0, bytes);
    if (code == WAXSEAL_OTP_OK) {
        *value = (uint8_t)waxseal_otp_number(bytes, 1u);
    }
    return code;
}

/* `id`: uuid. 16 bytes at offset 0x10, programmed in stage `identity`. */
static inline uint16_t waxseal_otp_read_id(const waxseal_otp_memory *memory, uint8_t value[16])
{
    uint16_t code = waxseal_otp_values(memory, 0x10u, 16u, 1u, 0, value);
    return code;
}

/* `limit`: u32. 4 bytes at offset 0x40, three times, programmed in stage `identity`. */
static inline uint16_t waxseal_otp_read_limit(const waxseal_otp_memory *memory, uint32_t *value)
{
    uint8_t bytes[4];
    uint16_t code = waxseal_otp_values(memory, 0x40u, 4u, 3u, 0, bytes);
    if (code == WAXSEAL_OTP_OK) {
        code = waxseal_otp_check_calibration_crc(memory);
    }
    if (code == WAXSEAL_OTP_OK) {
        *value = (uint32_t)waxseal_otp_number(bytes, 4u);
    }
    return code;
}

/* `gain`: 3 values of type u16. 6 bytes at offset 0x60, programmed in stage `calibration`. */
static inline uint16_t waxseal_otp_read_gain(const waxseal_otp_memory *memory, uint16_t value[3])
{
    uint32_t i;
    uint8_t bytes[6];
    uint16_t code = waxseal_otp_values(memory, 0x60u, 6u, 1u, 0, bytes);
    if (code == WAXSEAL_OTP_OK) {
        code = waxseal_otp_check_calibration_crc(memory);
    }
    for (i = 0; code == WAXSEAL_OTP_OK && i < 3u; i++) {
        value[i] = (uint16_t)waxseal_otp_number(bytes + i * 2u, 2u);
    }
    return code;
}

/* `offset`: u64. 8 bytes at offset 0x66 and its complement, programmed in stage `calibration`. */
static inline uint16_t waxseal_otp_read_offset(const waxseal_otp_memory *memory, uint64_t *value)
{
    uint8_t bytes[8];
    uint16_t code = waxseal_otp_values(memory, 0x66u, 8u, 1u, 1, bytes);
    if (code == WAXSEAL_OTP_OK) {
        code = waxseal_otp_check_calibration_crc(memory);
    }
    if (code == WAXSEAL_OTP_OK) {
        *value = (uint64_t)waxseal_otp_number(bytes, 8u);
    }
    return code;
}

/* `repairs`: how far the counter got, of 8 steps. 8 bytes at offset 0x1E0, programmed in the field. */
static inline uint32_t waxseal_otp_read_repairs(const waxseal_otp_memory *memory)
{
    return waxseal_otp_count(memory, 0x1E0u, 8u, 1u);
}

#endif
