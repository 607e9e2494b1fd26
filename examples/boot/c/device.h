/* The device: flash driver, and what the manifest says of it. */
#ifndef DEVICE_H
#define DEVICE_H

#include "waxseal.h"

/* RAM of QEMU's mps2-an500 in place of the NOR and of internal flash. */
extern const waxseal_flash device_flash;
/* What boot loader and application embed. */
extern const waxseal_config device_config;

/* Power comes: the memories hold what device.bin says. 0 if there is no such file. */
int device_load(void);
/* Power goes: device.bin says what the memories hold. */
int device_save(void);

#endif
