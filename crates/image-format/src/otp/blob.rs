//! The OTP blob: what one board's one-time-programmable memory is to hold.

use zerocopy::little_endian::U32;

use crate::header::{Body, Envelope, Kind, SignedHeader};
use crate::structure::index;
use crate::{Code, Error};

structure! {
    /// The second part of an OTP blob's header. The payload is data, then a mask of the same size (1: this bit is to hold
    /// what the data says), then lock bytes.
    struct OtpBody: 96 bytes {
        /// Fingerprint of the OTP layout: which field lies where.
        0 => layout: [u8; 32],
        /// The board that it is for: printable ASCII, then zero.
        32 => board: [u8; 32],
        /// Address of the data's first byte.
        64 => data_address: U32,
        /// Size of the data in bytes, 1 at least.
        68 => data_size: U32,
        /// Address of the first lock byte; 0 without lock bytes.
        72 => lock_address: U32,
        /// Number of lock bytes.
        76 => lock_size: U32,
        /// Zero.
        80 => reserved: [u8; 16],
    }
}

impl Body for OtpBody {
    const KIND: Kind = Kind::OtpBlob;

    fn judge_form(&self, _: &Envelope) -> Result<(), Error> {
        if self.reserved != [0; 16] {
            return Err(Code::Reserved.at(offset!(SignedHeader<OtpBody>, body.reserved)));
        }
        Ok(())
    }
}

/// A verified OTP blob's payload.
#[derive(Clone, Copy, Debug)]
pub struct OtpBlob<'a> {
    /// The bytes to be there after programming, where the mask has ones.
    pub data: &'a [u8],
    /// Which bits matter.
    pub mask: &'a [u8],
    /// Lock bytes: 0x00 locks a block for ever, 0xFF leaves it open.
    pub locks: &'a [u8],
}

impl<'a> OtpBlob<'a> {
    /// Judges the form of a verified blob's payload: sizes, no data outside the mask, lock bytes of 0x00 and 0xFF, a board's name.
    ///
    /// # Errors
    /// [`Code::PayloadForm`].
    pub fn parse(header: &SignedHeader<OtpBody>, payload: &'a [u8]) -> Result<Self, Error> {
        Self::split(&header.body, payload).ok_or(Code::PayloadForm.at(header.payload_start()))
    }

    fn split(body: &OtpBody, payload: &'a [u8]) -> Option<Self> {
        let size = index(body.data_size.get());
        let (data, rest) = payload.split_at_checked(size)?;
        let (mask, locks) = rest.split_at_checked(size)?;
        let named = body.board.iter().take_while(|byte| byte.is_ascii_graphic()).count();
        let well_formed = size > 0
            && locks.len() == index(body.lock_size.get())
            && data.iter().zip(mask).all(|(data, mask)| data & !mask == 0)
            && locks.iter().all(|lock| matches!(lock, 0x00 | 0xFF))
            && named > 0
            && body.board.iter().skip(named).all(|byte| *byte == 0);
        well_formed.then_some(OtpBlob { data, mask, locks })
    }
}
