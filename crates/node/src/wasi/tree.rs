//! Files in memory, for scripts to give to modules.

use std::sync::Arc;

use holm_js::{
    Array, Call, Ctx, ErrorKind, Graveyard, HostObject, Object, Result, Value, function,
    heap_limit_bytes, host_object, host_ref, throw, throw_coded, view_bytes,
};
use holm_wasi::{Errno, Folder, MemoryTree};
use holm_web::weight::Weight;

use crate::buffer;

/// A tree of which nothing is said may hold so much, or a quarter of what script may.
const DEFAULT_BYTES: usize = 64 << 20;

/// The inside of the object behind a `FileTree`.
struct TreeObject {
    tree: MemoryTree,
    /// All that it may hold is counted from the beginning: modules fill it, which know no script.
    weight: Arc<Weight>,
}

impl HostObject for TreeObject {
    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self);
    }
}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

const NATIVES: &[(&str, u32, Native)] = &[
    ("newTree", 1, |call| {
        let ctx = call.ctx();
        let quarter = heap_limit_bytes(ctx).map_or(DEFAULT_BYTES, |limit| limit / 4);
        let max_bytes: Option<f64> = call.get(0)?;
        let max_bytes = max_bytes.map_or(DEFAULT_BYTES.min(quarter), |bytes| bytes as usize);
        let weight = Weight::new(ctx, max_bytes)?;
        let inside =
            TreeObject { tree: MemoryTree::new(max_bytes as u64), weight: Arc::new(weight) };
        let nothing = Object::new_proto(ctx.clone(), None)?;
        Ok(host_object(ctx, &nothing, inside)?.into_value())
    }),
    // (tree, path, bytes)
    ("writeTree", 3, |call| {
        let (tree, path) = (tree(call)?, call.get::<String>(1)?);
        let bytes = call.value(2).as_object().map(view_bytes).transpose()?.unwrap_or_default();
        done(call.ctx(), &path, tree.write(path.as_bytes(), &bytes))?;
        call.undefined()
    }),
    ("readTree", 2, |call| match tree(call)?.read(call.get::<String>(1)?.as_bytes()) {
        Some(bytes) => buffer::make(call.ctx(), &bytes),
        None => call.undefined(),
    }),
    ("makeFolder", 2, |call| {
        let path: String = call.get(1)?;
        done(call.ctx(), &path, tree(call)?.create_folder(path.as_bytes()))?;
        call.undefined()
    }),
    // (tree, path): names and whether each is a folder, one after the other; nothing for no folder.
    ("listTree", 2, |call| {
        let Ok(entries) = tree(call)?.entries(call.get::<String>(1)?.as_bytes()) else {
            return call.undefined();
        };
        let list = Array::new(call.ctx().clone())?;
        for entry in entries {
            let is_folder = entry.kind == holm_wasi::FileType::Directory;
            list.set(list.len(), String::from_utf8_lossy(&entry.name).into_owned())?;
            list.set(list.len(), is_folder)?;
        }
        Ok(list.into_value())
    }),
];

pub(super) fn add_natives<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    for &(name, length, body) in NATIVES {
        natives.set(name, function(ctx, name, length, body)?)?;
    }
    Ok(())
}

/// The tree behind a value, and what it weighs.
pub(super) fn root_of(value: &Value<'_>) -> Option<(Arc<dyn Folder>, Arc<Weight>)> {
    let object = host_ref::<TreeObject>(value)?;
    Some((object.tree.root(), object.weight.clone()))
}

fn tree(call: &Call<'_, '_>) -> Result<MemoryTree> {
    let value = call.value(0);
    let object = host_ref::<TreeObject>(&value);
    let object = object.ok_or_else(|| throw(call.ctx(), ErrorKind::Type, "that is no FileTree"))?;
    Ok(object.tree.clone())
}

fn done(ctx: &Ctx<'_>, path: &str, outcome: std::result::Result<(), Errno>) -> Result<()> {
    outcome.map_err(|errno| {
        let (code, why) = match errno {
            Errno::NoSpc => ("ENOSPC", "the tree is full: its maxBytes say how much it holds"),
            Errno::NoEnt => ("ENOENT", "no such file or directory"),
            Errno::Exist => ("EEXIST", "something is there already"),
            Errno::NotDir => ("ENOTDIR", "not a directory"),
            Errno::IsDir => ("EISDIR", "a directory is there"),
            Errno::NameTooLong => ("ENAMETOOLONG", "the name is too long"),
            Errno::NotCapable => ("EPERM", "the path leads out of the tree"),
            _ => ("EINVAL", "no path of a tree"),
        };
        throw_coded(ctx, ErrorKind::Plain, code, &format!("{code}: {why}, '{path}'"))
    })
}
