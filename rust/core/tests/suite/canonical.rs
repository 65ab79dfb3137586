//! The canonical string: what it contains, and what it never contains.

use gatepass_core::canonical::CAPACITY;
use gatepass_core::{
    CanonicalString, FIX_LOGON, FieldError, FieldRule, ILINK3_ESTABLISH, ILINK3_NEGOTIATE, Profile,
};
use proptest::prelude::*;

use crate::build::{SIGNED, cases, key, value, values};

fn canonical(values: &[Vec<u8>]) -> Result<CanonicalString, FieldError> {
    canonical_of(&FIX_LOGON, values)
}

fn canonical_of<const N: usize>(
    profile: &Profile<N>,
    values: &[Vec<u8>],
) -> Result<CanonicalString, FieldError> {
    assert_eq!(values.len(), N);
    profile.canonical(&std::array::from_fn(|index| Some(&values[index][..])))
}

fn refusal(index: usize, rule: FieldRule) -> FieldError {
    let field = FIX_LOGON.fields[index];
    FieldError { tag: field.tag, name: field.name, rule }
}

#[test]
fn the_signed_tags_are_those_of_cme() {
    assert_eq!(FIX_LOGON.fields.map(|field| field.tag), SIGNED);
    assert_eq!(ILINK3_NEGOTIATE.fields.map(|field| field.tag), [39002, 39001, 39006, 39007]);
    assert_eq!(
        ILINK3_ESTABLISH.fields.map(|field| field.tag),
        [39002, 39001, 39006, 39007, 1603, 1604, 1605, 39013, 39014]
    );
}

#[test]
fn each_missing_or_empty_value_is_named() {
    for index in 0..SIGNED.len() {
        let mut values = [Some(&b"X"[..]); SIGNED.len()];
        values[index] = None;
        let missing = FIX_LOGON.canonical(&values).err();
        assert_eq!(missing, Some(refusal(index, FieldRule::Missing)));
        values[index] = Some(b"");
        let empty = FIX_LOGON.canonical(&values).err();
        assert_eq!(empty, Some(refusal(index, FieldRule::Empty)));
        assert_eq!(FIX_LOGON.sign(&key(), &values).err(), empty);
    }
}

#[test]
fn the_first_of_two_wrong_values_is_named() {
    let mut values = [Some(&b"X"[..]); SIGNED.len()];
    values[3] = Some(b"");
    values[7] = None;
    assert_eq!(FIX_LOGON.canonical(&values).err(), Some(refusal(3, FieldRule::Empty)));
}

#[test]
fn exactly_the_printable_bytes_are_legal_in_every_value() {
    for index in 0..SIGNED.len() {
        for byte in 0..=255 {
            let mut values = vec![b"12345".to_vec(); SIGNED.len()];
            values[index][2] = byte;
            let legal = (0x20..=0x7E).contains(&byte);
            let illegal = refusal(index, FieldRule::Illegal { at: 2, byte });
            assert_eq!(canonical(&values).err(), (!legal).then_some(illegal));
        }
    }
}

#[test]
fn a_string_of_only_illegal_bytes_is_refused() {
    // About as many unprintable bytes as a counter of eight bits can count.
    for length in 225..=CAPACITY - 20 {
        let mut values = vec![vec![0x0A]; SIGNED.len()];
        values[4] = vec![0x0A; length - 10];
        let illegal = refusal(0, FieldRule::Illegal { at: 0, byte: 0x0A });
        assert_eq!(canonical(&values).err(), Some(illegal), "{length}");
    }
}

#[test]
fn the_string_may_fill_its_capacity_but_not_exceed_it() {
    for index in 0..SIGNED.len() {
        let mut values = vec![b"X".to_vec(); SIGNED.len()];
        values[index] = vec![b'Y'; CAPACITY - 20];
        assert_eq!(canonical(&values).unwrap().as_bytes().len(), CAPACITY);
        values[index].push(b'Y');
        // There is no room for the last value.
        let too_long = FieldRule::TooLong { max: CAPACITY };
        assert_eq!(canonical(&values).err(), Some(refusal(SIGNED.len() - 1, too_long)));
        values[index] = vec![b'Y'; 100_000];
        assert_eq!(canonical(&values).err(), Some(refusal(index, too_long)));
    }
}

#[test]
fn values_of_every_length_are_copied_completely() {
    let text: Vec<u8> = (0..CAPACITY).map(|n| b'!' + (n % 90) as u8).collect();
    for length in 1..=CAPACITY - 20 {
        for index in 0..SIGNED.len() {
            let mut values = vec![b"X".to_vec(); SIGNED.len()];
            values[index] = text[..length].to_vec();
            assert_eq!(canonical(&values).unwrap().as_bytes(), values.join(&b'\n'));
        }
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// The values can be read back from the string, so no two sets of values have the same one.
    #[test]
    fn canonicalisation_is_injective(values in values()) {
        let canonical = canonical(&values).unwrap();
        prop_assert_eq!(canonical.as_bytes(), &values.join(&b'\n')[..]);
        let back: Vec<&[u8]> = canonical.as_bytes().split(|byte| *byte == b'\n').collect();
        prop_assert_eq!(back, values.iter().map(|v| &v[..]).collect::<Vec<_>>());
    }

    /// The most common way to make two logons look alike: move bytes from one value to the next.
    #[test]
    fn moving_a_byte_between_neighbours_changes_the_string(
        mut values in values(), index in 0..10_usize,
    ) {
        let before = canonical(&values).unwrap().as_bytes().to_vec();
        let byte = values[index].pop().unwrap();
        values[index + 1].insert(0, byte);
        match canonical(&values) {
            Ok(after) => prop_assert_ne!(before, after.as_bytes()),
            Err(error) => prop_assert_eq!(error, refusal(index, FieldRule::Empty)),
        }
    }

    #[test]
    fn ilink3_strings_are_their_values_as_well(values in prop::collection::vec(value(), 9)) {
        let establish = canonical_of(&ILINK3_ESTABLISH, &values).unwrap();
        prop_assert_eq!(establish.as_bytes(), &values.join(&b'\n')[..]);
        let negotiate = canonical_of(&ILINK3_NEGOTIATE, &values[..4]).unwrap();
        prop_assert_eq!(negotiate.as_bytes(), &values[..4].join(&b'\n')[..]);
    }

    #[test]
    fn signing_values_signs_their_canonical_string(values in values()) {
        let borrowed = std::array::from_fn(|index| Some(&values[index][..]));
        let signature = FIX_LOGON.sign(&key(), &borrowed).unwrap();
        prop_assert!(key().verify(&values.join(&b'\n'), signature.as_bytes()));
    }
}
