//! Files that nobody else may read, and that are there in full or not at all, whenever the power goes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Makes an empty file that only its owner may read, unless there is one.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    private().truncate(false).open(path).map(|_| ())
}

/// Makes an empty file that only its owner may read, in place of one that may be there.
pub(crate) fn create_new_private(path: &Path) -> io::Result<File> {
    private().truncate(true).open(path)
}

/// Makes a directory, and those above it, that only its owner may look into, unless there is one; for good.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    missing.into_iter().try_for_each(sync_dir_of)
}

/// Writes the parts to `unfinished`, in the same directory as `target`, and then puts it in `target`'s place.
pub(crate) fn write_durably(unfinished: &Path, target: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = create_new_private(unfinished)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()?;
    drop(file);
    fs::rename(unfinished, target)?;
    sync_dir_of(target)
}

/// Makes sure that the names in a file's directory are on the disk.
pub(crate) fn sync_dir_of(path: &Path) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
