//! A trust set as bytes: what is written is read, and every malformed one is refused.

use image_format::trust::{Role, RoleHead, TrustHead, TrustSet};
use image_format::{Code, MAX_KEYS, SoftwareCrypto};
use zerocopy::IntoBytes as _;

/// The bytes of a role with keys that are 32 times one number.
fn role(role: Role, threshold: u8, keys: &[u8]) -> Vec<u8> {
    let head = RoleHead { role: role.number(), threshold, key_count: keys.len() as u8, reserved: 0 };
    let keys = keys.iter().flat_map(|number| [*number; 32]);
    head.as_bytes().iter().copied().chain(keys).collect()
}

fn set(roles: &[Vec<u8>]) -> Vec<u8> {
    let head = TrustHead { format: 1.into(), role_count: roles.len() as u8, reserved: 0, epoch: 0x0102_0304.into() };
    [head.as_bytes(), &roles.concat()].concat()
}

/// Two roles, of one key and of three.
fn good() -> Vec<u8> {
    set(&[role(Role::Image, 1, &[1]), role(Role::Root, 2, &[1, 2, 3])])
}

fn is_refused(bytes: &[u8]) {
    let error = TrustSet::parse(bytes).map(|set| set.epoch()).expect_err("malformed");
    assert_eq!((error.code, error.offset), (Code::TrustSet, 0));
}

fn refuses_role(bytes: &[u8], role: Role) {
    let set = TrustSet::parse(bytes).expect("well formed");
    let error = set.role(role, &mut SoftwareCrypto).map(|trust| trust.threshold()).expect_err("unusable");
    assert_eq!((error.code, error.offset), (Code::TrustSet, 0));
}

#[test]
fn what_is_written_is_read() {
    let bytes = good();
    let set = TrustSet::parse(&bytes).expect("a trust set");
    assert_eq!(set.epoch(), 0x0102_0304);
    let thresholds = Role::ALL.map(|role| set.role(role, &mut SoftwareCrypto).ok().map(|trust| trust.threshold()));
    assert_eq!(thresholds, [Some(1), None, None, None, Some(2)]);
}

#[test]
fn every_role_with_as_many_keys_as_there_may_be() {
    let keys: Vec<u8> = (1..=MAX_KEYS as u8).collect();
    let roles: Vec<_> = Role::ALL.iter().map(|each| role(*each, 4, &keys)).collect();
    let bytes = set(&roles);
    let set = TrustSet::parse(&bytes).expect("a trust set");
    for role in Role::ALL {
        assert_eq!(set.role(role, &mut SoftwareCrypto).expect("a role").threshold(), 4);
    }
}

#[test]
fn every_truncation_and_every_byte_more_is_refused() {
    let bytes = good();
    (0..bytes.len()).for_each(|length| is_refused(&bytes[..length]));
    (0..=u8::MAX).for_each(|byte| is_refused(&[bytes.as_slice(), &[byte]].concat()));
}

/// Head: format, number of roles, reserved byte. The epoch may be any number.
#[test]
fn every_other_head_is_refused() {
    for offset in 0..4 {
        for byte in 0..=u8::MAX {
            let mut bytes = good();
            if bytes[offset] != byte {
                bytes[offset] = byte;
                is_refused(&bytes);
            }
        }
    }
}

#[test]
fn every_other_role_number_count_and_reserved_byte_is_refused() {
    // Of the first role, image; as 2, 3 or 4 it would be another right one.
    for (offset, right) in [(8, 1..5), (10, 1..2), (11, 0..1)] {
        for byte in (0..=u8::MAX).filter(|byte| !right.contains(byte)) {
            let mut bytes = good();
            bytes[offset] = byte;
            is_refused(&bytes);
        }
    }
}

#[test]
fn roles_and_keys_stand_in_ascending_order_and_once() {
    let (image, root) = (role(Role::Image, 1, &[1]), role(Role::Root, 1, &[1]));
    is_refused(&set(&[root.clone(), image.clone()]));
    is_refused(&set(&[image.clone(), image]));
    is_refused(&set(&[role(Role::Image, 1, &[2, 1])]));
    is_refused(&set(&[role(Role::Image, 1, &[1, 1])]));
    is_refused(&set(&[root, role(Role::Root, 1, &[2])]));
}

#[test]
fn a_role_that_cannot_be_used_is_refused_when_it_is_asked_for() {
    let nine: Vec<u8> = (1..=MAX_KEYS as u8 + 1).collect();
    for (threshold, keys) in [(0, &nine[..1]), (2, &nine[..1]), (1, &nine[..0]), (5, &nine[..8]), (1, &nine[..])] {
        refuses_role(&set(&[role(Role::Image, threshold, keys)]), Role::Image);
    }
    refuses_role(&set(&[]), Role::Image);
}
