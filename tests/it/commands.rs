//! What the commands say at the edges: no database, a reader that goes away, a port in use.

use crate::support::{process::scratch_dir, server::run};
use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    process::{Command, Stdio},
};

#[test]
fn a_command_that_only_looks_makes_no_database() {
    let folder = scratch_dir().join("nothing-here");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("none.db");
    let url = format!("sqlite:{}", file.display());
    for arguments in [&["verify"][..], &["verify", "--audit"], &["audit", "seal"]] {
        let (done, text) = run(&url, arguments, &[]);
        assert!(!done && text.contains("there is no database"), "{arguments:?}: {text}");
        assert!(!file.exists(), "{arguments:?} made one");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    for arguments in [&["openapi"][..], &["policy", "--lang", "en"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xiaonong"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // One byte of buffer, so that the page does not fit the pipe and this.
        let mut reader = BufReader::with_capacity(1, child.stdout.take().expect("a pipe"));
        assert!(!reader.fill_buf().expect("reads").is_empty());
        drop(reader);
        let ended = child.wait_with_output().expect("ends");
        assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[test]
fn the_demonstration_looks_for_its_port_before_it_loads() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let file = scratch_dir().join("no-demo.db");
    let url = format!("sqlite:{}", file.display());
    let (done, text) = run(&url, &["demo", "--listen", &address], &[]);
    assert!(!done && text.contains("cannot listen on") && text.contains(&address), "{text}");
    assert!(!file.exists(), "{text}");
}
