//! Control transfers as USB has them (USB 2.0 section 9.3), for whoever performs them.

use crate::effect::Request;

/// What a control transfer asks for, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// bmRequestType: direction, type and recipient.
    pub request_type: u8,
    /// bRequest.
    pub request: u8,
    /// wValue.
    pub value: u16,
    /// wIndex.
    pub index: u16,
}

/// bmRequestType: a standard request to the device, which answers.
const STANDARD_IN: u8 = 0x80;
/// bmRequestType: a request of the class to an interface.
const CLASS_OUT: u8 = 0x21;
/// The same, which the interface answers.
const CLASS_IN: u8 = 0xA1;
/// bRequest: GET_DESCRIPTOR.
const GET_DESCRIPTOR: u8 = 6;

/// The kinds of descriptors (USB 2.0 table 9-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DescriptorKind {
    /// Of the device.
    Device = 1,
    /// Of a configuration, with those of its interfaces.
    Configuration = 2,
    /// A string.
    String = 3,
}

impl Setup {
    /// GET_DESCRIPTOR. `language` counts for strings.
    pub fn descriptor(kind: DescriptorKind, index: u8, language: u16) -> Self {
        let value = u16::from_be_bytes([kind as u8, index]);
        Self { request_type: STANDARD_IN, request: GET_DESCRIPTOR, value, index: language }
    }

    /// A DFU request that sends.
    pub fn class_out(request: Request, value: u16, interface: u8) -> Self {
        Self { request_type: CLASS_OUT, request: request as u8, value, index: interface.into() }
    }

    /// A DFU request that asks.
    pub fn class_in(request: Request, value: u16, interface: u8) -> Self {
        Self { request_type: CLASS_IN, ..Self::class_out(request, value, interface) }
    }

    /// The descriptor that it asks for: kind and index.
    pub(crate) fn asked(&self) -> Option<(u8, u8)> {
        let [kind, index] = self.value.to_be_bytes();
        (self.request_type == STANDARD_IN && self.request == GET_DESCRIPTOR).then_some((kind, index))
    }

    /// The DFU request that it is.
    pub(crate) fn class(&self) -> Option<Request> {
        let requests = [Request::Download, Request::Upload, Request::GetStatus, Request::ClearStatus, Request::Abort];
        let is_class = matches!(self.request_type, CLASS_OUT | CLASS_IN);
        requests.into_iter().find(|request| is_class && *request as u8 == self.request)
    }
}
