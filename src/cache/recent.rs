//! Small tables that many answers are made from, kept as they were read for at most a second.
//!
//! Like finished answers: forgotten at once by a change in this process, a second old at most after one elsewhere.

use entity::time::Timestamp;
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Age at which a table is read again, for changes made by other replicas.
const MAX_AGE_MILLIS: i64 = 1_000;
/// Tables kept at most; above it all are forgotten. A caller chooses the day some of them hold for.
const MOST: usize = 64;

type Table = Arc<dyn Any + Send + Sync>;

/// The kept tables: by their type, and a key where there are several of one.
#[derive(Default)]
pub struct Recent {
    kept: RwLock<HashMap<(TypeId, i64), (Timestamp, Table)>>,
    changes: AtomicU64,
}

impl Recent {
    /// Forgets everything. Call it after the commit of a change to such a table.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.kept.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The kept table of this type under `key`, or what `read` yields.
    ///
    /// # Errors
    /// Whatever `read` fails with; failures are not kept.
    pub async fn table<T, E>(
        &self,
        key: i64,
        now: Timestamp,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
    {
        let key = (TypeId::of::<T>(), key);
        if let Some(table) = self.find(key, now).and_then(|table| table.downcast().ok()) {
            return Ok(table);
        }
        let changes = self.changes.load(Ordering::Acquire);
        let table = Arc::new(read.await?);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        // What was read before a change is not kept after it.
        if self.changes.load(Ordering::Acquire) == changes {
            if kept.len() >= MOST {
                kept.clear();
            }
            kept.insert(key, (now, Arc::clone(&table) as Table));
        }
        Ok(table)
    }

    fn find(&self, key: (TypeId, i64), now: Timestamp) -> Option<Table> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(&key)
            .filter(|(read_at, _)| (now.0 - read_at.0).abs() < MAX_AGE_MILLIS)
            .map(|(_, table)| Arc::clone(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_table_is_read_again_after_a_change_or_a_second() {
        let recent = Recent::default();
        let ask = async |key: i64, at: i64, fresh: u8| {
            let read = async { Ok::<_, ()>(fresh) };
            recent.table(key, Timestamp(at), read).await.map(|table| *table)
        };
        assert_eq!(ask(1, 0, 7).await, Ok(7));
        assert_eq!(ask(1, 999, 8).await, Ok(7));
        assert_eq!(ask(2, 999, 9).await, Ok(9));
        assert_eq!(ask(1, 1_000, 8).await, Ok(8));
        recent.changed();
        assert_eq!(ask(1, 1_000, 10).await, Ok(10));
        let failing = async { Err::<u8, _>(()) };
        assert_eq!(recent.table(3, Timestamp(1_000), failing).await, Err(()));
        let overtaken = async {
            recent.changed();
            Ok::<u8, ()>(1)
        };
        assert_eq!(recent.table(4, Timestamp(1_000), overtaken).await.map(|table| *table), Ok(1));
        assert_eq!(ask(4, 1_000, 2).await, Ok(2), "what was read before the change was not kept");
    }

    #[tokio::test]
    async fn many_days_do_not_fill_the_memory() {
        let recent = Recent::default();
        for key in 0..200 {
            let table = recent.table(key, Timestamp(0), async { Ok::<_, ()>(key) }).await;
            assert_eq!(table.map(|table| *table), Ok(key));
        }
        assert!(recent.kept.read().expect("no panic").len() <= MOST);
    }
}
