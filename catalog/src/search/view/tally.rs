//! Two sums for each lesson, by its number, that a search adds up and empties again.
//!
//! They are kept from search to search: to make and clear them anew would cost a large catalog more than many a search.

use std::sync::{Arc, Mutex, PoisonError};

/// Most tallies kept; more are only made while more searches than that run at once.
const KEPT: usize = 32;

/// The tallies that are not in use, all zero.
#[derive(Default)]
pub(crate) struct Tallies(Mutex<Vec<Vec<[f32; 2]>>>);

/// A tally in use. It goes back, emptied, when it is dropped.
pub(crate) struct Tally {
    home: Arc<Tallies>,
    sums: Vec<[f32; 2]>,
    touched: Vec<u32>,
}

impl Tallies {
    /// A tally of this many lessons, all zero.
    pub fn take(self: &Arc<Self>, len: usize) -> Tally {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Tally { home: self.clone(), sums: kept.unwrap_or_else(|| vec![[0.0; 2]; len]), touched: Vec::new() }
    }
}

impl Tally {
    /// The sums of a lesson, to be made larger than nothing. `None` beyond the last.
    pub fn of(&mut self, number: u32) -> Option<&mut [f32; 2]> {
        let sums = self.sums.get_mut(number as usize)?;
        if *sums == [0.0; 2] {
            self.touched.push(number);
        }
        Some(sums)
    }

    /// The lessons that have sums.
    pub fn numbers(&self) -> &[u32] {
        &self.touched
    }

    /// Calls `each` with every lesson that has sums, and empties them.
    pub fn empty(&mut self, mut each: impl FnMut(u32, [f32; 2])) {
        for number in self.touched.drain(..) {
            if let Some(sums) = self.sums.get_mut(number as usize) {
                each(number, std::mem::take(sums));
            }
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.empty(|_, _| {});
        debug_assert!(self.sums.iter().all(|sums| *sums == [0.0; 2]), "a tally was not emptied");
        let mut kept = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(std::mem::take(&mut self.sums));
        }
    }
}
