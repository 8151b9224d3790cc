//! Files that hold a key: whole or not there, for their owner only.

use crate::http::hex;
use ring::digest;
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
};

/// The bytes at `path`; where there are none, those that `make` yields. Of several processes that make the file at once,
/// one is first and all of them read what it wrote.
///
/// # Errors
/// What the system says, and when `make` yields nothing.
pub fn read_or_make(path: &Path, make: impl FnOnce() -> Option<Vec<u8>>) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = make().ok_or_else(|| io::Error::other("the system yields no randomness"))?;
    // Written whole under another name first: whoever reads meanwhile finds no key or all of it.
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", &hex(&digest::digest(&digest::SHA256, &fresh).as_ref()[..4])));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut handle = options.open(&draft)?;
    handle.write_all(&fresh).and_then(|()| handle.sync_all())?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        // Another process was faster; its key is read below.
        Err(cause) if cause.kind() != ErrorKind::AlreadyExists => Err(cause),
        _ => fs::read(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_that_make_a_file_one_is_first() {
        let folder = std::env::temp_dir().join(format!("xiaonong-key-file-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let path = folder.join("deep").join("key");
        let make = |byte: u8| read_or_make(&path, || Some(vec![byte; 32])).expect("made");
        let keys: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..8).map(|byte| scope.spawn(move || make(byte))).collect();
            running.into_iter().map(|one| one.join().expect("no panic")).collect()
        });
        assert!(keys.iter().all(|key| key == &keys[0] && key.len() == 32), "{keys:?}");
        let left: Vec<_> = fs::read_dir(folder.join("deep")).expect("reads").collect();
        assert_eq!(left.len(), 1, "no draft is left: {left:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).expect("is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::remove_dir_all(folder).expect("removes");
    }
}
