//! Key files that others have made: openssl and ssh-keygen, encrypted or not, and those that are of no use.

use std::process::Command;

use waxseal_tests::{Project, Run, openssl};

use crate::{WAXSEAL, empty, r1b};

const PASSPHRASE: &str = "correct horse";

/// A command that finds the passphrase in the environment.
fn with_passphrase(project: &Project, passphrase: &str, line: &str) -> Run {
    Run::of(project.command(line.split_whitespace()).env("WAXSEAL_PASSPHRASE", passphrase))
}

/// Runs openssl in the project's folder.
#[track_caller]
fn openssl_in(project: &Project, line: &str) -> Run {
    Run::of(Command::new("openssl").current_dir(project.path(".")).args(line.split_whitespace())).exits(0)
}

/// Makes a key with ssh-keygen: NAME and NAME.pub.
#[track_caller]
fn ssh_keygen(project: &Project, name: &str, algorithm: &str, passphrase: &str) {
    let arguments = ["-q", "-t", algorithm, "-N", passphrase, "-C", "somebody@somewhere", "-f", name];
    Run::of(Command::new("ssh-keygen").current_dir(project.path(".")).args(arguments)).exits(0);
}

#[test]
fn openssl_decrypts_what_we_encrypt() {
    let project = empty();
    with_passphrase(&project, PASSPHRASE, "key new k --encrypt").exits(0).says(&["k.pem  private, encrypted"]);
    let private = String::from_utf8(project.read("k.pem")).unwrap();
    assert!(private.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{private}");
    let path = project.path("k.pem");
    let passed = format!("pass:{PASSPHRASE}");
    let derived = openssl(&["pkey", "-in", path.to_str().unwrap(), "-passin", &passed, "-pubout"]).exits(0).stdout;
    assert_eq!(derived.as_bytes(), project.read("k.pub.pem"));
    assert_eq!(with_passphrase(&project, PASSPHRASE, "key public k.pem").exits(0).stdout, derived);
}

#[test]
fn we_decrypt_what_openssl_encrypts() {
    let project = empty();
    openssl_in(&project, "genpkey -algorithm ed25519 -out plain.pem");
    let public = project.waxseal("key public plain.pem").exits(0).stdout;
    for (name, options) in [
        ("aes256", "-v2 aes-256-cbc"),
        ("aes128", "-v2 aes-128-cbc -v2prf hmacWithSHA512"),
        ("scrypt", "-scrypt"),
        ("iterations", "-v2 aes-256-cbc -iter 100000"),
    ] {
        let line = format!("pkcs8 -topk8 -in plain.pem -passout pass:word {options} -out {name}.pem");
        openssl_in(&project, &line);
        assert_eq!(with_passphrase(&project, "word", &format!("key public {name}.pem")).exits(0).stdout, public);
    }
    // PBES1 and SHA-1 are of the nineties: named, with a way out.
    openssl_in(&project, "pkcs8 -topk8 -in plain.pem -passout pass:word -v1 PBE-SHA1-3DES -out old.pem");
    openssl_in(&project, "pkcs8 -topk8 -in plain.pem -passout pass:word -v2prf hmacWithSHA1 -out sha1.pem");
    for name in ["old", "sha1"] {
        let run = with_passphrase(&project, "word", &format!("key public {name}.pem")).exits(1);
        run.says(&["encrypted in a way that waxseal does not read", "openssl pkey -aes256"]);
    }
    // The way out.
    openssl_in(&project, "pkey -aes256 -in old.pem -passin pass:word -passout pass:word -out new.pem");
    with_passphrase(&project, "word", "key public new.pem").exits(0);
}

#[test]
fn a_wrong_passphrase_is_refused() {
    let project = empty();
    with_passphrase(&project, PASSPHRASE, "key new k --encrypt").exits(0);
    with_passphrase(&project, "incorrect", "key id k.pem").exits(1).says(&["k.pem: wrong passphrase"]);
}

#[test]
fn without_passphrase_and_terminal_nothing_is_guessed() {
    let project = empty();
    with_passphrase(&project, PASSPHRASE, "key new k --encrypt").exits(0);
    // A session of its own has no terminal.
    let alone = |line: &str| {
        let mut command = Command::new("setsid");
        command.current_dir(project.path(".")).env_remove("WAXSEAL_PASSPHRASE").args(["-w", WAXSEAL]);
        Run::of(command.args(line.split_whitespace()))
    };
    alone("key id k.pem").exits(2).says(&["nobody can be asked", "WAXSEAL_PASSPHRASE"]);
    alone("key new other --encrypt").exits(2).says(&["WAXSEAL_PASSPHRASE"]);
    with_passphrase(&project, "", "key new other --encrypt").exits(1).says(&["an empty passphrase"]);
    assert_eq!(project.list("."), ["k.pem", "k.pub.pem"]);
}

#[test]
fn a_passphrase_is_typed_on_the_terminal() {
    let project = empty();
    // `script` gives the command a terminal, and types what it reads.
    let typed = |lines: &str, command: &str| {
        let line = format!("printf '{lines}' | script -qec '{WAXSEAL} {command}' /dev/null");
        let mut shell = Command::new("sh");
        Run::of(shell.current_dir(project.path(".")).env_remove("WAXSEAL_PASSPHRASE").args(["-c", &line]))
    };
    let run = typed("one\\none\\n", "key new k --encrypt").exits(0);
    run.clone().says(&["Passphrase for k.pem: ", "The same again: "]);
    typed("one\\n", "key id k.pem").exits(0).says(&["Passphrase of k.pem: "]);
    typed("two\\n", "key id k.pem").exits(1).says(&["wrong passphrase"]);
    typed("one\\ntwo\\n", "key new other --encrypt").exits(1).says(&["the two passphrases differ"]);
    assert_eq!(project.list("."), ["k.pem", "k.pub.pem"]);
}

#[test]
fn keys_of_openssh_sign() {
    let project = r1b();
    ssh_keygen(&project, "plain", "ed25519", "");
    ssh_keygen(&project, "locked", "ed25519", PASSPHRASE);
    for name in ["plain", "locked"] {
        // The public half is in clear in either file: no passphrase.
        let public = project.waxseal(&format!("key public {name}")).exits(0).stdout;
        assert_eq!(project.waxseal(&format!("key public {name}.pub")).exits(0).stdout, public);
        project.write("keys/release.pub.pem", &public);
        with_passphrase(&project, PASSPHRASE, &format!("build r1b.toml --key {name} --out out")).exits(0);
        project.waxseal("verify out/app.a.bin --manifest r1b.toml --revision B").exits(0);
        // A manifest takes the line of OpenSSH as it is, too.
        project.write("keys/release.pub.pem", project.read(&format!("{name}.pub")));
        project.waxseal("verify out/app.a.bin --manifest r1b.toml --revision B").exits(0);
    }
    with_passphrase(&project, "wrong", "build r1b.toml --key locked --out no").exits(1).says(&["wrong passphrase"]);
    assert!(!project.path("no").exists());
}

#[test]
fn pkcs8_of_version_2_is_read() {
    // RFC 8410 section 10.3: the private key with an attribute and its public half.
    let project = empty();
    project.write(
        "v2.pem",
        "-----BEGIN PRIVATE KEY-----\n\
         MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
         oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n\
         Z9w7lshQhqowtrbLDFw4rXAxZuE=\n\
         -----END PRIVATE KEY-----\n",
    );
    // Its public half by the same section.
    let public = "-----BEGIN PUBLIC KEY-----\n\
                  MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
                  -----END PUBLIC KEY-----\n";
    assert_eq!(project.waxseal("key public v2.pem").exits(0).stdout, public);
}

#[test]
fn a_key_of_another_algorithm_is_named() {
    let project = empty();
    openssl_in(&project, "genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 -out rsa.pem");
    openssl_in(&project, "rsa -in rsa.pem -traditional -out rsa1.pem");
    openssl_in(&project, "pkey -in rsa.pem -pubout -out rsa.pub.pem");
    openssl_in(&project, "pkey -in rsa.pem -aes256 -passout pass:word -out locked.pem");
    openssl_in(&project, "genpkey -algorithm x25519 -out x.pem");
    openssl_in(&project, "genpkey -algorithm ed448 -out ed448.pem");
    ssh_keygen(&project, "ssh_rsa", "rsa", "");
    ssh_keygen(&project, "ssh_ecdsa", "ecdsa", "word");
    // The public half of a key in a token (OpenSSH, PROTOCOL.u2f): its signatures have more in them than our bytes.
    project.write("token.pub", "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbhAAAABHNzaDo= token\n");
    for (name, algorithm) in [
        ("token.pub", "a security token's key"),
        ("rsa.pem", "an RSA key"),
        ("rsa1.pem", "an RSA key"),
        ("rsa.pub.pem", "an RSA key"),
        ("locked.pem", "an RSA key"),
        ("x.pem", "an X25519 key"),
        ("ed448.pem", "an Ed448 key"),
        ("ssh_rsa", "an RSA key"),
        ("ssh_rsa.pub", "an RSA key"),
        ("ssh_ecdsa", "another kind of key"),
        ("ssh_ecdsa.pub", "another kind of key"),
    ] {
        with_passphrase(&project, "word", &format!("key id {name}")).exits(1).says(&[name, algorithm, "not Ed25519"]);
    }
}

#[test]
fn the_wrong_half_is_named() {
    let project = r1b();
    ssh_keygen(&project, "ssh", "ed25519", "");
    for public in ["keys/release.pub.pem", "ssh.pub"] {
        let run = project.waxseal(&format!("build r1b.toml --key {public} --out out")).exits(1);
        run.says(&[public, "this is a public key", "a private one is needed"]);
    }
    let private = project.read("keys/release.pem");
    for private in [private, project.read("ssh")] {
        project.write("keys/release.pub.pem", private);
        let run = project.waxseal("build r1b.toml --key keys/release.pem --out out").exits(1);
        run.says(&["keys/release.pub.pem", "this is a private key", "waxseal key public", "r1b.toml:"]);
    }
    assert!(!project.path("out").exists());
}

#[test]
fn a_key_file_that_is_cut_off_or_damaged_is_refused() {
    let project = empty();
    project.waxseal("key new k").exits(0);
    ssh_keygen(&project, "ssh", "ed25519", "");
    for (name, label) in [("k.pem", "PRIVATE KEY"), ("k.pub.pem", "PUBLIC KEY"), ("ssh", "OPENSSH PRIVATE KEY")] {
        let whole = String::from_utf8(project.read(name)).unwrap();
        project.write("cut", &whole[..whole.len() - 30]);
        project.waxseal("key id cut").exits(1).says(&["cut: this key file is cut off", &format!("-----END {label}")]);
        // A line is missing, or a character is another one.
        let mut lines: Vec<_> = whole.lines().collect();
        lines.remove(1);
        project.write("cut", lines.join("\n"));
        project.waxseal("key id cut").exits(1).says(&["cut: this key is damaged"]);
    }
}

#[test]
fn what_people_write_around_a_key_is_passed_over() {
    let project = empty();
    project.waxseal("key new k").exits(0);
    let id = project.waxseal("key id k.pem").exits(0).stdout;
    let key = String::from_utf8(project.read("k.pem")).unwrap();
    project.write("noted.pem", format!("Ours since 2024.\n{key}Do not lose it.\n"));
    project.write("windows.pem", key.replace('\n', "\r\n"));
    for name in ["noted.pem", "windows.pem"] {
        assert_eq!(project.waxseal(&format!("key id {name}")).exits(0).stdout, id);
    }
}
