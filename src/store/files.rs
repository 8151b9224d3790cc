//! Files by the hash of their content: in a folder, or in an S3-compatible store.
//!
//! A file is written under a name of its own, flushed, and renamed into place; what is there is whole.

use crate::vault::Secret;
use axum::body::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path};
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

/// Where files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesAt {
    /// A folder.
    Folder(PathBuf),
    /// A bucket; only in a program built with the feature `s3`.
    Bucket(Bucket),
}

/// An S3-compatible bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What every key begins with; may be empty.
    pub prefix: String,
    /// Address of the service; Amazon's own where there is none.
    pub endpoint: Option<String>,
    /// Region.
    pub region: String,
    /// Key id.
    pub key_id: Option<String>,
    /// Key.
    pub key: Option<Secret>,
}

/// Why a file cannot be kept or read.
pub type FilesError = object_store::Error;

/// The store of files; opened when it is first needed.
pub struct Files {
    at: FilesAt,
    opened: OnceLock<Opened>,
}

#[derive(Clone)]
struct Opened {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Files {
    /// Files kept there.
    #[must_use]
    pub fn at(at: FilesAt) -> Self {
        Self { at, opened: OnceLock::new() }
    }

    /// Files kept in this store of objects.
    #[must_use]
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        let opened = OnceLock::from(Opened { store, prefix: Path::default() });
        Self { at: FilesAt::Folder(PathBuf::new()), opened }
    }

    /// Opens the store now, so that a start fails early.
    ///
    /// # Errors
    /// When the folder cannot be made, or the bucket's settings are incomplete.
    pub fn ready(&self) -> Result<(), FilesError> {
        self.open().map(drop)
    }

    /// Keeps `content` under `hash`, over whatever is there: it has the same hash.
    ///
    /// # Errors
    /// When the store refuses; then nothing is there that was not there before.
    pub async fn put(&self, hash: &str, content: Bytes) -> Result<(), FilesError> {
        let opened = self.open()?;
        opened.store.put(&opened.place(hash), content.into()).await.map(drop)
    }

    /// The content under `hash`.
    ///
    /// # Errors
    /// When it is not there or the store does not answer.
    pub async fn get(&self, hash: &str) -> Result<Bytes, FilesError> {
        let opened = self.open()?;
        opened.store.get(&opened.place(hash)).await?.bytes().await
    }

    /// Whether there is content under `hash`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn holds(&self, hash: &str) -> Result<bool, FilesError> {
        let opened = self.open()?;
        match opened.store.head(&opened.place(hash)).await {
            Ok(_) => Ok(true),
            Err(FilesError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the content under `hash`; what is not there is removed already.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn remove(&self, hash: &str) -> Result<(), FilesError> {
        let opened = self.open()?;
        match opened.store.delete(&opened.place(hash)).await {
            Err(FilesError::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    fn open(&self) -> Result<Opened, FilesError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened.clone());
        }
        let opened = match &self.at {
            FilesAt::Folder(folder) => {
                std::fs::create_dir_all(folder).map_err(unusable)?;
                let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Opened { store: Arc::new(store), prefix: Path::default() }
            }
            FilesAt::Bucket(bucket) => open_bucket(bucket)?,
        };
        Ok(self.opened.get_or_init(|| opened).clone())
    }
}

impl Opened {
    /// `ab/cdef…`: no folder grows beyond what tools can list.
    fn place(&self, hash: &str) -> Path {
        let (first, rest) = hash.split_at_checked(2).unwrap_or((hash, ""));
        let folder = self.prefix.parts().chain([first.into(), rest.into()]);
        folder.collect()
    }
}

fn unusable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> FilesError {
    FilesError::Generic { store: "files", source: cause.into() }
}

#[cfg(feature = "s3")]
fn open_bucket(bucket: &Bucket) -> Result<Opened, FilesError> {
    use object_store::aws::AmazonS3Builder;
    let mut builder = AmazonS3Builder::new().with_bucket_name(&bucket.name).with_region(&bucket.region);
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let (Some(id), Some(key)) = (&bucket.key_id, &bucket.key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(key.expose());
    }
    Ok(Opened { store: Arc::new(builder.build()?), prefix: Path::from(bucket.prefix.as_str()) })
}

#[cfg(not(feature = "s3"))]
fn open_bucket(bucket: &Bucket) -> Result<Opened, FilesError> {
    Err(unusable(format!("the bucket {} needs a program built with --features s3", bucket.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    async fn keeps(files: &Files) {
        let content = Bytes::from_static(b"%PDF-1.4");
        assert!(!files.holds("abcdef").await.expect("answers"));
        files.put("abcdef", content.clone()).await.expect("kept");
        files.put("abcdef", content.clone()).await.expect("kept again");
        assert_eq!(files.get("abcdef").await.expect("read"), content);
        files.remove("abcdef").await.expect("removed");
        files.remove("abcdef").await.expect("removed already");
        assert!(matches!(files.get("abcdef").await, Err(FilesError::NotFound { .. })));
    }

    #[tokio::test]
    async fn files_are_kept_by_hash_in_a_folder_and_in_a_store_of_objects() {
        let folder = std::env::temp_dir().join(format!("xiaonong-files-{}", std::process::id()));
        let files = Files::at(FilesAt::Folder(folder.clone()));
        keeps(&files).await;
        files.put("abcdef", Bytes::from_static(b"x")).await.expect("kept");
        let there =
            std::fs::read_dir(folder.join("ab")).expect("a folder").map(|entry| entry.expect("read").file_name());
        assert_eq!(there.collect::<Vec<_>>(), ["cdef"], "nothing half written is left");
        std::fs::remove_dir_all(&folder).expect("removed");
        keeps(&Files::over(Arc::new(InMemory::new()))).await;
    }

    #[cfg(not(feature = "s3"))]
    #[test]
    fn a_bucket_asks_for_the_feature() {
        let bucket = Bucket {
            name: "papers".to_owned(),
            prefix: String::new(),
            endpoint: None,
            region: "cn-north-1".to_owned(),
            key_id: None,
            key: None,
        };
        let told = Files::at(FilesAt::Bucket(bucket)).ready().expect_err("not built in").to_string();
        assert!(told.contains("--features s3"), "{told}");
    }
}
