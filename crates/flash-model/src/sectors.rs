//! All sectors of a memory, so that a snapshot is cheap: a serial NOR has thousands, and thousands of snapshots are taken.

use std::sync::Arc;

use crate::sector::Cells;

/// Sectors that are shared together.
const BLOCK: usize = 64;

/// The sectors, lowest first.
#[derive(Clone, Debug)]
pub struct Sectors(Vec<Arc<Vec<Arc<Cells>>>>);

impl Sectors {
    /// Erased ones of these sizes.
    pub fn new(sizes: &[u32]) -> Self {
        let block = |sizes: &[u32]| Arc::new(sizes.iter().map(|size| Arc::new(Cells::new(*size))).collect());
        Self(sizes.chunks(BLOCK).map(block).collect())
    }

    /// A sector that exists.
    pub fn get(&self, number: usize) -> &Cells {
        &self.0[number / BLOCK][number % BLOCK]
    }

    /// A sector that exists, to be changed.
    pub fn get_mut(&mut self, number: usize) -> &mut Cells {
        Arc::make_mut(&mut Arc::make_mut(&mut self.0[number / BLOCK])[number % BLOCK])
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Cells> {
        self.0.iter().flat_map(|block| block.iter()).map(|cells| &**cells)
    }
}
