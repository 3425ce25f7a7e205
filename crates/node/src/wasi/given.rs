//! What a script gives a program: `js/wasi/` has checked it, and says it in the words that are
//! read here.

use std::fs::File as HostOwned;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use holm_host::{Stream, host};
use holm_js::{
    Array, Ctx, ErrorKind, Object, Result, Value, give_code, interrupter, throw_coded, throw_value,
};
use holm_wasi::{BadString, ContextBuilder, Feed, File, Folder, HostFile, HostFolder, Spout};
use holm_web::weight::Weight;

use super::program::{IsolateSurroundings, Program, SetTime, Shared};
use super::tree;
use crate::fs::{Failure, Outcome, Subject, guest_file, guest_folder, to_error};

/// What stands behind the three standard streams.
#[derive(Default)]
struct Streams {
    files: Vec<Arc<dyn File>>,
    input: Option<Arc<Feed>>,
    outputs: [Option<Arc<Spout>>; 3],
    host_outputs: Vec<(Stream, Arc<Spout>)>,
}

/// `{ args, env, preopens, stdio, writeLimit }`, or `{ shared }` on another thread of a program.
pub(super) fn open(ctx: &Ctx<'_>, settings: &Object<'_>) -> Result<Program> {
    if let Some(number) = settings.get::<_, Option<f64>>("shared")? {
        return Program::find(ctx, number).ok_or_else(|| {
            let text = "there is no such program: its threads are started by itself";
            throw_coded(ctx, ErrorKind::Plain, "ERR_WASI_NOT_STARTED", text)
        });
    }
    let streams = streams(ctx, &settings.get("stdio")?)?;
    let time = Arc::<SetTime>::default();
    let has_ended = Arc::<AtomicBool>::default();
    let surroundings = IsolateSurroundings {
        time: time.clone(),
        interrupter: interrupter(ctx),
        has_ended: has_ended.clone(),
    };
    let [input, output, errors] = <[_; 3]>::try_from(streams.files).map_err(|_| {
        throw_coded(ctx, ErrorKind::Internal, "ERR_INTERNAL_ASSERTION", "there are three streams")
    })?;
    let bad = |what: &str, bad: &BadString| {
        let text = format!("The property 'options.{what}' is invalid: {bad}");
        throw_coded(ctx, ErrorKind::Type, "ERR_INVALID_ARG_VALUE", &text)
    };
    let (args, env) = (strings(settings, "args")?, strings(settings, "env")?);
    let text_bytes = args.iter().chain(&env).map(String::len).sum();
    let mut weights = vec![Arc::new(Weight::new(ctx, text_bytes)?)];
    let mut builder = ContextBuilder::new([input, output, errors])
        .surroundings(Box::new(surroundings))
        .arguments(args)
        .map_err(|error| bad("args", &error))?
        .environment(pairs(env))
        .map_err(|error| bad("env", &error))?;
    if let Some(bytes) = settings.get::<_, Option<f64>>("writeLimit")? {
        builder = builder.write_quota_bytes(bytes as u64);
    }
    let preopens: Vec<Object<'_>> = settings.get("preopens")?;
    for preopen in preopens {
        let (folder, is_fixed) = folder(ctx, &preopen, &mut weights)?;
        let read_only = is_fixed || preopen.get("readOnly")?;
        builder = builder.preopen(folder, &preopen.get::<_, String>("guest")?, read_only);
    }
    let context = builder.build().map_err(|_| {
        let text = "The property 'options.preopens' has too many folders";
        throw_coded(ctx, ErrorKind::Range, "ERR_OUT_OF_RANGE", text)
    })?;
    let host_outputs = streams.host_outputs;
    let mut program = Program::new(Arc::new(Shared {
        context,
        host_outputs,
        time,
        has_ended,
        _weights: weights,
    }));
    program.input = streams.input;
    program.outputs = streams.outputs;
    Ok(program)
}

/// A folder that is given, and whether it cannot be changed.
fn folder(
    ctx: &Ctx<'_>,
    preopen: &Object<'_>,
    weights: &mut Vec<Arc<Weight>>,
) -> Result<(Arc<dyn Folder>, bool)> {
    if let Some((root, weight)) = tree::root_of(&preopen.get("tree")?) {
        weights.push(weight);
        return Ok((root, false));
    }
    let path: String = preopen.get("path")?;
    match guest_folder(ctx, Path::new(&path)) {
        Ok((folder, may_write)) => Ok((Arc::new(HostFolder::from(folder)), !may_write)),
        Err(failure) => Err(not_opened(ctx, failure, path)?),
    }
}

fn strings(settings: &Object<'_>, name: &str) -> Result<Vec<String>> {
    settings.get::<_, Array<'_>>(name)?.iter::<String>().collect()
}

/// Names and values, one after the other.
fn pairs(all: Vec<String>) -> Vec<(String, String)> {
    let mut all = all.into_iter();
    std::iter::from_fn(|| Some((all.next()?, all.next()?))).collect()
}

/// A folder that cannot be opened, in Node's words and ours.
pub(super) fn not_opened(ctx: &Ctx<'_>, failure: Failure, path: String) -> Result<holm_js::Error> {
    let is_systems = matches!(failure, Failure::System(_));
    let subject = Subject { syscall: "uvwasi_init", path: Some(path), dest: None };
    let error = to_error(ctx, &host(ctx), failure, &subject)?;
    if is_systems {
        let code: String = error.get("code")?;
        give_code(ctx, &error, &format!("UVWASI_{code}"))?;
    }
    Ok(throw_value(ctx, error))
}

/// A number is a file that the script has open; what is none, the script's own to feed or empty.
fn streams(ctx: &Ctx<'_>, numbers: &Array<'_>) -> Result<Streams> {
    let mut streams = Streams::default();
    for index in 0..3 {
        let number: Value<'_> = numbers.get(index)?;
        let file: Arc<dyn File> = match number.as_number() {
            Some(number) => streams.open(ctx, number as usize)?,
            None if index == 0 => {
                let feed = Arc::new(Feed::open());
                streams.input = Some(feed.clone());
                feed
            }
            None => {
                let spout = Arc::<Spout>::default();
                streams.outputs[index] = Some(spout.clone());
                spout
            }
        };
        streams.files.push(file);
    }
    Ok(streams)
}

impl Streams {
    fn open(&mut self, ctx: &Ctx<'_>, number: usize) -> Result<Arc<dyn File>> {
        let opened = match number {
            0 => host(ctx).process.has_stdin.then(standard_input),
            1 => output(ctx, Stream::Out),
            2 => output(ctx, Stream::Err),
            _ => Some(guest_file(ctx, number)),
        };
        let opened = match opened {
            Some(opened) => opened.and_then(|file| Ok(HostFile::given(file)?)),
            // The embedder has none: there is nothing to read.
            None if number == 0 => return Ok(Arc::new(Feed::of(Vec::new()))),
            None => {
                let spout = Arc::<Spout>::default();
                let stream = if number == 1 { Stream::Out } else { Stream::Err };
                self.host_outputs.push((stream, spout.clone()));
                return Ok(spout);
            }
        };
        match opened {
            Ok(file) => Ok(Arc::new(file)),
            Err(failure) => Err(not_opened(ctx, failure, format!("file {number}"))?),
        }
    }
}

fn output(ctx: &Ctx<'_>, stream: Stream) -> Option<Outcome<HostOwned>> {
    let file = host(ctx).output.file(stream);
    file.map(|file| file.map_err(Failure::from))
}

fn standard_input() -> Outcome<HostOwned> {
    Ok(std::io::stdin().as_fd().try_clone_to_owned()?.into())
}
