//! Who signs: the keys of a role whose private half is at hand, and those whose signatures come later.

use image_format::{SIGNATURE_PLACES, SignaturePlace};
use manifest::codes;
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Key, Plan, Role, Signer};

use crate::known::{Claim, KnownKeys};
use crate::{PrivateKey, PublicKey};

/// A key by its name in the manifest.
pub type NamedKey = (String, PublicKey);

/// Who signed an artefact, and who is to.
#[derive(Clone, Debug)]
pub struct Signatures {
    /// Names and keys of those who signed.
    pub signed: Vec<NamedKey>,
    /// Signatures that are still missing: until then no board accepts it.
    pub missing: u8,
    /// The keys with an external signer that have not signed.
    pub waiting: Vec<NamedKey>,
}

/// The signers of a role.
#[derive(Debug)]
pub struct Signing<'a> {
    /// Public keys of the role.
    pub role: Vec<PublicKey>,
    /// How many of them must have signed.
    pub threshold: u8,
    signers: Vec<(String, &'a PrivateKey)>,
    known: KnownKeys,
    /// Signatures that the threshold asks for and nobody here can make.
    pub missing: u8,
    /// The keys with an external signer that have not signed.
    pub waiting: Vec<NamedKey>,
}

impl<'a> Signing<'a> {
    /// Matches private keys with the role's public ones. `public` are the plan's keys in its order. What is missing may come
    /// later, if enough keys have an external signer; otherwise it is a problem.
    pub fn of(
        plan: &Plan,
        role: &Role,
        public: &[PublicKey],
        signers: &'a [PrivateKey],
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let keys: Vec<_> =
            plan.keys.iter().zip(public).filter(|(key, _)| role.keys.contains(&key.name.value)).collect();
        let mut found: Vec<(String, &PrivateKey)> = Vec::new();
        for signer in signers {
            let Some((key, _)) = keys.iter().find(|(_, public)| **public == signer.public()) else { continue };
            if !found.iter().any(|(name, _)| *name == key.name.value) && found.len() < SIGNATURE_PLACES {
                found.push((key.name.value.clone(), signer));
            }
        }
        let missing = usize::from(role.threshold.value).saturating_sub(found.len());
        let open: Vec<_> =
            keys.iter().filter(|(key, _)| !found.iter().any(|(name, _)| *name == key.name.value)).collect();
        let external = open.iter().filter(|(key, _)| key.signer.value == Signer::External);
        let waiting: Vec<NamedKey> = external.map(|(key, public)| (key.name.value.clone(), **public)).collect();
        if missing > waiting.len() {
            // Where nobody wrote a role there is one key, and it has them all.
            let whose = role.span.map_or(String::new(), |_| format!(" of `roles.{}`", role.name.name()));
            let title = format!("{missing} of {} signatures{whose} missing", role.threshold.value);
            let mut diagnostic = Diagnostic::error(codes::SIGNERS, title);
            for (key, public) in open {
                let external = if key.signer.value == Signer::External { "; its signer is external" } else { "" };
                diagnostic = diagnostic.at(key.public.span, format!("{public} has not signed{external}"));
            }
            problems
                .push(diagnostic.help("--key FILE, once for each private key; keys are matched by their public half"));
        }
        let threshold = role.threshold.value;
        let role = keys.iter().map(|(_, public)| **public).collect();
        let missing = u8::try_from(missing).unwrap_or(u8::MAX);
        Self { role, threshold, signers: found, known: KnownKeys::default(), missing, waiting }
    }

    /// Prepared for many artefacts: tables to judge their signatures with are made once for each key.
    #[must_use]
    pub fn for_many(mut self) -> Self {
        self.known = KnownKeys::of(self.signers.iter().map(|(_, key)| *key.public().bytes()));
        self
    }

    /// What signatures are judged with.
    pub(crate) fn known(&self) -> &KnownKeys {
        &self.known
    }

    /// What is to be judged of signatures that [`Self::sign`] made of a message.
    pub(crate) fn claims<'m>(&self, message: &'m [u8], places: &[SignaturePlace]) -> Vec<Claim<'m>> {
        let claim = |((_, key), place): (&(String, &PrivateKey), &SignaturePlace)| Claim {
            key: *key.public().bytes(),
            message,
            signature: place.signature,
        };
        self.signers.iter().zip(places).map(claim).collect()
    }

    /// The signatures of those who are here.
    pub fn sign(&self, message: &[u8]) -> Vec<SignaturePlace> {
        self.signers.iter().map(|(_, key)| key.sign(message)).collect()
    }

    /// How many signatures [`Self::sign`] makes.
    pub(crate) fn places(&self) -> usize {
        self.signers.len()
    }

    /// Who signed, and who is to.
    pub fn signatures(&self) -> Signatures {
        let signed = self.signers.iter().map(|(name, key)| (name.clone(), key.public())).collect();
        Signatures { signed, missing: self.missing, waiting: self.waiting.clone() }
    }
}

/// Keys that have two names: two signatures that one person makes would count as two.
pub fn same_keys(keys: &[(&Key, PublicKey)]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (index, (key, public)) in keys.iter().enumerate() {
        // That one file has two names is the manifest's finding.
        let same = |(other, value): &&(&Key, PublicKey)| value == public && other.public.value != key.public.value;
        let Some((first, _)) = keys.iter().take(index).find(same) else { continue };
        let title = format!("`{}` and `{}` are one key", first.name.value, key.name.value);
        let error = Diagnostic::error(codes::TWICE, title).at(key.public.span, format!("{public} again"));
        problems.push(error.see(first.public.span, format!("{public}")));
    }
    problems
}

/// Private keys that belong to none of these roles: whoever gives one has the wrong file, or the wrong profile.
pub fn strangers(plan: &Plan, roles: &[&Role], public: &[PublicKey], signers: &[PrivateKey]) -> Vec<Diagnostic> {
    let has_role = |key: &Key| roles.iter().any(|role| role.keys.contains(&key.name.value));
    let keys: Vec<_> = plan.keys.iter().zip(public).filter(|(key, _)| has_role(key)).collect();
    // Where a profile would say whose signatures count, and none is chosen, nobody is a stranger yet.
    if keys.is_empty() {
        return Vec::new();
    }
    let strange = |signer: &&PrivateKey| !keys.iter().any(|(_, public)| **public == signer.public());
    signers.iter().filter(strange).map(|signer| stranger(&keys, signer)).collect()
}

fn stranger(keys: &[(&Key, &PublicKey)], signer: &PrivateKey) -> Diagnostic {
    let error = Diagnostic::error(codes::SIGNERS, format!("key {} has no role here", signer.public()));
    let error = keys.iter().fold(error, |error, (key, public)| error.at(key.public.span, format!("this is {public}")));
    let known: Vec<String> = keys.iter().map(|(key, public)| format!("{} {public}", key.name.value)).collect();
    error.help(format!("sign with a private key of: {}", known.join(", ")))
}
