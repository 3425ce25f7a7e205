//! Paths that lead outside, or would if anybody followed them, and all that can be done with one.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::attacks::ATTACKS;
use crate::world::World;

/// A path, and what makes it dangerous.
struct Trick {
    path: &'static str,
    prepare: fn(&Path),
    /// What may be done all the same: with the link itself, or inside.
    allowed: &'static [&'static str],
}

fn nothing(_: &Path) {}

/// Makes `inside/link`.
fn link(root: &Path, target: impl AsRef<Path>) {
    symlink(target, root.join("inside/link")).expect("a link");
}

/// What can be done with a link that is not followed.
const OF_A_LINK: &[&str] =
    &["stat link", "times link", "unlink", "readlink", "link from", "rename from", "rename to"];

/// As before, but not where it leads: a guest knows no such paths.
const OF_AN_ABSOLUTE_LINK: &[&str] =
    &["stat link", "times link", "unlink", "link from", "rename from", "rename to"];

const REFUSED: &[&str] = &[];

/// A path that leads outside by itself, or through what is there.
const fn plain(path: &'static str) -> Trick {
    Trick { path, prepare: nothing, allowed: REFUSED }
}

/// A path to `inside/link`, or through it.
const fn through(
    path: &'static str,
    prepare: fn(&Path),
    allowed: &'static [&'static str],
) -> Trick {
    Trick { path, prepare, allowed }
}

const TRICKS: &[Trick] = &[
    plain(".."),
    plain("../"),
    plain("../outside/secret"),
    plain("../outside/new"),
    plain("../inside/file"),
    plain("./../outside/secret"),
    plain("folder/../../outside/secret"),
    plain("folder//..//..//outside//empty"),
    plain("folder/../.."),
    plain("folder/./../../outside/"),
    plain("missing/../../outside/secret"),
    plain("file/../../outside/secret"),
    plain("file/../file"),
    // Absolute paths, of what is there and what is not.
    plain("/"),
    plain("//"),
    plain("/file"),
    plain("/etc/passwd"),
    plain("/proc/self/root"),
    plain("/proc/self/cwd/"),
    plain("{root}/inside/file"),
    plain("{root}/outside/secret"),
    plain("{root}/outside/new"),
    // Ends of texts for those who read them in C.
    plain("file\0"),
    plain("\0../outside/secret"),
    plain(""),
    // Links that the host made, by every way there is.
    through("link", |root| link(root, "../outside/secret"), OF_A_LINK),
    through("link", |root| link(root, root.join("outside/secret")), OF_AN_ABSOLUTE_LINK),
    through("link", |root| link(root, "../outside/new"), OF_A_LINK),
    through("link", |root| link(root, root.join("outside/new")), OF_AN_ABSOLUTE_LINK),
    through("link", |root| link(root, "../outside/link"), OF_A_LINK),
    through("link", |root| link(root, "../outside"), OF_A_LINK),
    through("link", |root| link(root, "../outside/empty/"), OF_A_LINK),
    through("link", |root| link(root, "folder/../../outside/secret"), OF_A_LINK),
    through("link", |root| link(root, "../inside/file"), OF_A_LINK),
    through("link", |root| link(root, "../second/file"), OF_A_LINK),
    through("link", |root| link(root, root.join("inside/file")), OF_AN_ABSOLUTE_LINK),
    through("link", |root| link(root, "link"), OF_A_LINK),
    through("link", |root| link(root, "/proc/self/root"), OF_AN_ABSOLUTE_LINK),
    through("link", |root| link(root, "/proc/self/cwd"), OF_AN_ABSOLUTE_LINK),
    through("link", |root| link(root, "/proc/self/fd/0"), OF_AN_ABSOLUTE_LINK),
    through("link", |root| link(root, "/dev/null"), OF_AN_ABSOLUTE_LINK),
    through("link", |root| link(root, ".."), OF_A_LINK),
    through("link", chain, OF_A_LINK),
    through("link/", |root| link(root, "../outside/empty"), REFUSED),
    through("link/.", |root| link(root, "../outside/empty"), REFUSED),
    through("link/..", |root| link(root, "../outside/empty"), REFUSED),
    through("link/secret", |root| link(root, "../outside"), REFUSED),
    through("link/new", |root| link(root, "../outside"), REFUSED),
    through("link/link", |root| link(root, "../outside"), REFUSED),
    through("link/secret", |root| link(root, root.join("outside")), REFUSED),
    through("link/../outside/secret", |root| link(root, "."), REFUSED),
    through("link/outside/secret", |root| link(root, ".."), REFUSED),
    through("link/../../outside/secret", |root| link(root, "folder"), REFUSED),
    through("link/secret", |root| link(root, "/proc/self/root/{root}/outside"), REFUSED),
    through("link/file", |root| link(root, "../second"), REFUSED),
    through(
        "folder/up/secret",
        |root| {
            symlink("../../outside", root.join("inside/folder/up")).expect("a link");
        },
        REFUSED,
    ),
];

/// Five links, the last of which leads outside.
fn chain(root: &Path) {
    link(root, "folder/1");
    for number in 1..5 {
        let target = if number == 4 {
            "../../outside/secret".to_owned()
        } else {
            format!("../folder/{}", number + 1)
        };
        symlink(target, root.join(format!("inside/folder/{number}"))).expect("a link");
    }
}

#[test]
fn no_path_leads_outside() {
    for trick in TRICKS {
        let mut succeeded = Vec::new();
        for attack in ATTACKS {
            let what = format!("{} of {:?}", attack.name, trick.path);
            let mut world = World::new(trick.prepare);
            let root = world.path("").to_string_lossy().trim_end_matches('/').to_owned();
            let path = trick.path.replace("{root}", &root);
            if (attack.run)(&mut world.guest, &path).is_ok() {
                succeeded.push(attack.name);
            }
            world.check(&what);
        }
        assert_eq!(succeeded, trick.allowed, "what can be done with {:?}", trick.path);
    }
}
