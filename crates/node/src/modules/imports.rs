//! Who imports whom: what the engine does not tell, and errors and cycles need.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// The imports seen so far, and the native modules being evaluated.
#[derive(Default)]
pub(super) struct Imports {
    /// Importing module → imported module → the specifier it used.
    edges: RefCell<HashMap<String, HashMap<String, String>>>,
    evaluating: RefCell<Vec<String>>,
}

impl Imports {
    /// Remembers that `referrer` imports `target`.
    pub(super) fn add(&self, referrer: &str, specifier: &str, target: &str) {
        let mut edges = self.edges.borrow_mut();
        let targets = edges.entry(referrer.to_owned()).or_default();
        targets.insert(target.to_owned(), specifier.to_owned());
    }

    /// The modules that import `target`, each with its specifier.
    pub(super) fn importers(&self, target: &str) -> Vec<(String, String)> {
        let edges = self.edges.borrow();
        let importers = edges.iter().filter_map(|(referrer, targets)| {
            Some((referrer.clone(), targets.get(target)?.clone()))
        });
        importers.collect()
    }

    /// Runs `body` while the native module `url` counts as being evaluated.
    pub(super) fn evaluating<R>(&self, url: &str, body: impl FnOnce() -> R) -> R {
        self.evaluating.borrow_mut().push(url.to_owned());
        let result = body();
        self.evaluating.borrow_mut().pop();
        result
    }

    /// Whether evaluating `url` now would come back to a module that is being evaluated:
    /// something the engine cannot do, and answers by aborting.
    pub(super) fn is_in_cycle(&self, url: &str) -> bool {
        let evaluating = self.evaluating.borrow();
        if evaluating.is_empty() {
            return false;
        }
        let edges = self.edges.borrow();
        let mut seen = HashSet::new();
        let mut next = vec![url];
        while let Some(module) = next.pop() {
            if evaluating.iter().any(|one| one == module) {
                return true;
            }
            if seen.insert(module) {
                next.extend(
                    edges.get(module).into_iter().flat_map(HashMap::keys).map(String::as_str),
                );
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::Imports;

    #[test]
    fn cycles_through_what_is_evaluated_are_seen() {
        let imports = Imports::default();
        imports.add("a", "./b", "b");
        imports.add("b", "./c", "c");
        imports.add("c", "./b", "b");
        assert!(!imports.is_in_cycle("a"));
        imports.evaluating("c", || {
            assert!(imports.is_in_cycle("a"));
            assert!(imports.is_in_cycle("b"));
            assert!(!imports.is_in_cycle("d"));
        });
        assert!(!imports.is_in_cycle("a"));
        assert_eq!(imports.importers("c"), [("b".to_owned(), "./c".to_owned())]);
    }
}
