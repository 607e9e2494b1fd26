//! Keys, whose signatures what needs, and the profiles that decide it.

pub use image_format::trust::Role as RoleName;

use geometry::sort::sort_by_key;

use super::{OptionValue, Plan};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::rules;
use crate::source::{Resolved, Span, Spanned};

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name; the entry is its table's header.
    pub name: Spanned<String>,
    /// The SPKI PEM file, relative to the manifest.
    pub public: Spanned<String>,
    /// Where its private half is.
    pub signer: Resolved<Signer>,
    /// The epoch of the trust sets that it came with.
    pub epoch: Resolved<u32>,
}

/// Where a key's private half is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// In a file, which the command line names.
    File,
    /// Elsewhere: its signatures are left open, exported and attached.
    External,
}

/// Whose signatures something needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// What is signed.
    pub name: RoleName,
    /// Names of keys, each once, at least one.
    pub keys: Resolved<Vec<String>>,
    /// How many of them must have signed: 1 to the number of keys and of signature places.
    pub threshold: Resolved<u8>,
    /// Where the role stands. `None`: it is a default.
    pub span: Option<Span>,
}

/// What a manifest leaves open, as one of its profiles fills it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name; the entry is its table's header.
    pub name: Spanned<String>,
    /// The roles, by ascending number. All profiles have the same ones.
    pub roles: Vec<Role>,
    /// Option bytes that select neither sector map nor run address.
    pub options: Vec<OptionValue>,
}

impl Plan {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name.value == name)
    }

    /// The epoch of the trust set that keys and roles make: the highest of the keys that a role names.
    pub fn epoch(&self) -> u32 {
        let is_named = |key: &&Key| self.roles.iter().any(|role| role.keys.contains(&key.name.value));
        self.keys.iter().filter(is_named).map(|key| key.epoch.value).max().unwrap_or(0)
    }

    /// Whether profiles decide a role.
    pub fn is_of_profile(&self, name: RoleName) -> bool {
        self.profiles.iter().any(|profile| profile.roles.iter().any(|role| role.name == name))
    }

    /// The role, if the manifest or the chosen profile has it.
    pub fn role(&self, name: RoleName) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The role, where something is to be signed or judged with it.
    ///
    /// # Errors
    /// WX0011 if it is left to profiles and none is chosen, WX0003 if nobody has it.
    pub fn required_role(&self, name: RoleName) -> Result<&Role, Diagnostic> {
        self.role(name).ok_or_else(|| self.no_role(name))
    }

    fn no_role(&self, name: RoleName) -> Diagnostic {
        let role = name.name();
        let open = |profile: &Profile| profile.roles.iter().find(|role| role.name == name).and_then(|role| role.span);
        let mut open = self.profiles.iter().filter_map(open).peekable();
        if open.peek().is_some() {
            let error =
                Diagnostic::error(codes::PROFILE, format!("`roles.{role}` is left to a profile, and none is chosen"));
            let error = open.fold(error, |error, span| error.at(span, "one answer"));
            return error.help(self.profile_options());
        }
        let error =
            Diagnostic::error(codes::MISSING_KEY, format!("nothing says whose signatures `roles.{role}` needs"));
        let error = error.help(format!("[roles.{role}] with `keys`, and `threshold` if they are several"));
        let names = names::list(self.keys.iter().map(|key| key.name.value.as_str()), "and");
        match self.keys.last() {
            Some(key) => error.at(key.name.entry, format!("keys: {names}")),
            None => error,
        }
    }

    /// WX0011 if profiles decide option bytes and none is chosen.
    pub fn open_options(&self) -> Option<Diagnostic> {
        let open: Vec<_> = self.profiles.iter().filter(|profile| !profile.options.is_empty()).collect();
        if self.profile.is_some() || open.is_empty() {
            return None;
        }
        let error = Diagnostic::error(codes::PROFILE, "option bytes are left to a profile, and none is chosen");
        let spans = open.iter().flat_map(|profile| &profile.options).filter_map(|option| option.span);
        let error = spans.fold(error, |error, span| error.at(span, "one answer"));
        Some(error.help(self.profile_options()))
    }

    /// `--profile bench, or --profile production`.
    fn profile_options(&self) -> String {
        let options = self.profiles.iter().map(|profile| format!("--profile {}", profile.name.value));
        options.collect::<Vec<_>>().join(", or ")
    }

    /// The plan with what a profile fills in; `None` if there is no such profile.
    pub fn choose(mut self, profile: &str) -> Option<Self> {
        let chosen = self.profiles.iter().find(|known| known.name.value == profile)?;
        self.profile = Some(chosen.name.value.clone());
        self.roles.extend(chosen.roles.iter().cloned());
        self.device.options.extend(chosen.options.iter().cloned());
        sort_by_key(&mut self.roles, |role| role.name);
        self.device.sort_options();
        self.option_bytes = rules::protection::option_bytes(&self.device, &self.slots);
        Some(self)
    }
}
