//! Who says what a verdict is judged by: a manifest, a reader's trust set, or keys on the command line.

use image_format::SoftwareCrypto;
use image_format::trust::TrustSet;
use manifest::plan::{Plan, RoleName};
use packer::PublicKey;
use packer::signing::NamedKey;

use super::Reader;
use crate::exit::{Exit, Failure};
use crate::findings::Report;

/// Where trust, and as far as it goes everything else, comes from.
#[derive(Debug)]
pub enum Authority<'a> {
    /// A device's manifest: it has what the boot loader has.
    Manifest {
        /// What it is called.
        name: &'a str,
        /// What it means.
        plan: &'a Plan,
        /// Its keys, in its order.
        public: Vec<PublicKey>,
    },
    /// A device's manifest, and somebody else's word for whose signatures count.
    Both {
        /// What the manifest is called.
        name: &'a str,
        /// What it means.
        plan: &'a Plan,
        /// A trust set, or keys.
        signers: Box<Authority<'a>>,
    },
    /// A trust set: keys with roles and thresholds, and nothing else.
    Set {
        /// The file.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Keys alone, for whatever they sign.
    Keys {
        /// The keys.
        keys: Vec<NamedKey>,
        /// How many of them must have signed.
        threshold: u8,
    },
}

/// How a run ends that cannot go on: with the report of what is refused, or with a failure.
#[derive(Debug)]
pub enum Stopped {
    /// What is refused, before or instead of what was asked for.
    Refused(Box<Report>),
    /// Why nothing can be judged.
    Failed(Failure),
}

impl Stopped {
    pub(super) fn refused(report: Report) -> Self {
        Self::Refused(Box::new(report))
    }

    /// What the run answers.
    ///
    /// # Errors
    /// The failure.
    pub fn into_result(self) -> Result<Report, Failure> {
        match self {
            Self::Refused(report) => Ok(*report),
            Self::Failed(failure) => Err(failure),
        }
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Whose signatures count for a role.
#[derive(Clone, Debug)]
pub struct Signers {
    /// Who says so.
    pub source: String,
    /// The keys with their names.
    pub keys: Vec<NamedKey>,
    /// How many of them must have signed.
    pub threshold: u8,
}

impl Signers {
    /// The keys without names.
    pub fn public(&self) -> Vec<PublicKey> {
        self.keys.iter().map(|(_, key)| *key).collect()
    }
}

impl<'a> Authority<'a> {
    /// A trust set, as `waxseal gen trust` writes it.
    ///
    /// # Errors
    /// Bytes that are none.
    pub fn of_set(name: String, bytes: Vec<u8>) -> Result<Self, Failure> {
        match TrustSet::parse(&bytes) {
            Ok(_) => Ok(Self::Set { name, bytes }),
            Err(error) => Err(Failure::new(Exit::Refused, format!("{name} is no trust set: {error}"))
                .help("`waxseal gen trust` writes one, as a binary file")),
        }
    }

    /// Keys; several need a threshold.
    ///
    /// # Errors
    /// No threshold.
    pub fn of_keys(keys: Vec<NamedKey>, threshold: Option<u8>) -> Result<Self, Failure> {
        match (threshold, &keys[..]) {
            (Some(threshold), _) => Ok(Self::Keys { keys, threshold }),
            (None, [_]) => Ok(Self::Keys { keys, threshold: 1 }),
            (None, _) => {
                Err(Failure::usage("several keys, and nothing says how many must have signed").help("--threshold N"))
            }
        }
    }

    /// The manifest's name and its plan, if that is the authority.
    pub fn plan(&self) -> Option<(&'a str, &'a Plan)> {
        match self {
            Self::Manifest { name, plan, .. } | Self::Both { name, plan, .. } => Some((name, plan)),
            Self::Set { .. } | Self::Keys { .. } => None,
        }
    }

    /// Whose signatures count for a role.
    ///
    /// # Errors
    /// How the run ends where nothing says it.
    pub(super) fn signers(&self, role: RoleName, reader: Reader) -> Result<Signers, Stopped> {
        match self {
            Self::Manifest { name, plan, public } => {
                let found = plan.required_role(role).map_err(|open| Stopped::refused(Report::refused(vec![open])))?;
                let named = plan.keys.iter().zip(public).map(|(key, public)| (key.name.value.clone(), *public));
                let keys = named.filter(|(name, _)| found.keys.contains(name)).collect();
                Ok(Signers { source: (*name).to_owned(), keys, threshold: found.threshold.value })
            }
            Self::Both { signers, .. } => signers.signers(role, reader),
            Self::Set { name, bytes } => {
                let found = TrustSet::parse(bytes).and_then(|set| set.role(role, &mut SoftwareCrypto));
                let trust = found.map_err(|_| {
                    let title = format!("{name} has no usable role `{}`", role.name());
                    Failure::new(Exit::Refused, title).help("the manifest it was made from needs that role")
                })?;
                let key = |key: &[u8; 32]| ("key".to_owned(), PublicKey::from_bytes(*key));
                let keys = trust.keys().iter().map(key).collect();
                Ok(Signers { source: name.clone(), keys, threshold: trust.threshold() })
            }
            Self::Keys { keys, threshold } => {
                Ok(Signers { source: reader.keys().to_owned(), keys: keys.clone(), threshold: *threshold })
            }
        }
    }
}
