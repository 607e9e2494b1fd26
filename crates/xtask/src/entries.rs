//! The npm package's entries.

/// What each is called, and the feature of the crate `waxseal-wasm` behind it.
pub const ENTRIES: [(&str, &str); 8] = [
    ("waxseal", "full"),
    ("verify", "judge"),
    ("inspect", "inspect"),
    ("manifest", "manifest"),
    ("devices", "devices"),
    ("flash", "flash"),
    ("provision", "provision"),
    ("simulated", "simulated"),
];
