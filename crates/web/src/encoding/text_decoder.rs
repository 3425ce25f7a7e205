//! `TextDecoder`, <https://encoding.spec.whatwg.org/#interface-textdecoder>.

use std::borrow::Cow;
use std::cell::RefCell;

use encoding_rs::{CoderResult, Decoder, DecoderResult, Encoding, UTF_8};
use holm_js::webidl::{Definition, Interface, construct, convert};
use holm_js::{
    Bytes, Call, Ctx, Error, ErrorKind, HostObject, JsString, MAX_BUFFER_BYTES, Object, Result,
    Value, buffer_source, take_exception, throw_coded,
};

/// What `decode` writes the mark at the beginning of a text as.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// A text of so many bytes is short.
const SHORT_BYTES: usize = 256;

pub(crate) struct TextDecoder {
    encoding: &'static Encoding,
    errors: Errors,
    ignore_bom: bool,
    /// What reads short texts without a detour; nothing if views are not laid out as Holm knows them.
    bytes: Option<Bytes>,
    /// Of a text whose end has not come yet: "do not flush" is true.
    unfinished: RefCell<Option<Decoder>>,
}

/// The error mode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Errors {
    Replacement,
    Fatal,
}

impl HostObject for TextDecoder {}

impl Interface for TextDecoder {
    const NAME: &'static str = "TextDecoder";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(0, constructor)
            .attribute("encoding", |this, call| {
                call.returns(this.encoding.name().to_ascii_lowercase())
            })?
            .attribute("fatal", |this, call| call.returns(this.errors == Errors::Fatal))?
            .attribute("ignoreBOM", |this, call| call.returns(this.ignore_bom))?
            .operation("decode", 0, Self::decode)?;
        Ok(())
    }
}

/// <https://encoding.spec.whatwg.org/#dom-textdecoder>
fn constructor<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let label = match call.value(0) {
        absent if absent.is_undefined() => "utf-8".to_owned(),
        given => convert::string(ctx, &given)?,
    };
    let options = Options::from_js(ctx, &call.value(1))?;
    // 1. Let encoding be the result of getting an encoding from label.
    // 2. If encoding is failure or replacement, then throw a RangeError.
    let encoding = Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        let text = format!("The \"{label}\" encoding is not supported");
        throw_coded(ctx, ErrorKind::Range, "ERR_ENCODING_NOT_SUPPORTED", &text)
    })?;
    // 3. Set this's encoding to encoding. 4. If options["fatal"] is true, then set this's error
    //    mode to "fatal". 5. Set this's ignore BOM to options["ignoreBOM"].
    let errors = if options.fatal { Errors::Fatal } else { Errors::Replacement };
    let ignore_bom = options.ignore_bom;
    let bytes = Bytes::new(ctx).map_err(|error| drop(take_exception(ctx, error))).ok();
    let unfinished = RefCell::default();
    construct(call, TextDecoder { encoding, errors, ignore_bom, bytes, unfinished })
}

/// <https://encoding.spec.whatwg.org/#textdecoderoptions>
struct Options {
    fatal: bool,
    ignore_bom: bool,
}

impl Options {
    fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        let options = convert::dictionary(ctx, value, "TextDecoder: the options")?;
        let member = |key: &str| -> Result<bool> {
            let given = match &options {
                Some(options) => convert::member(options, key)?,
                None => None,
            };
            Ok(given.is_some_and(|given| convert::boolean(&given)))
        };
        Ok(Self { fatal: member("fatal")?, ignore_bom: member("ignoreBOM")? })
    }
}

impl TextDecoder {
    /// <https://encoding.spec.whatwg.org/#dom-textdecoder-decode>
    fn decode<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        let ctx = call.ctx();
        if let Some(text) = self.short_utf8(call)? {
            return Ok(text);
        }
        let options = convert::dictionary(ctx, &call.value(1), "TextDecoder.decode: the options")?;
        let given = match &options {
            Some(options) => convert::member(options, "stream")?,
            None => None,
        };
        let is_streaming = given.is_some_and(|given| convert::boolean(&given));
        let input = match call.value(0) {
            absent if absent.is_undefined() => Vec::new(),
            given => buffer_source(ctx, &given, "TextDecoder.decode: the input")?,
        };
        let unfinished = self.unfinished.take();
        // OPTIMIZATION: a whole text in UTF-8 needs no decoder.
        if unfinished.is_none() && !is_streaming && self.encoding == UTF_8 {
            return self.whole_utf8(ctx, &input);
        }
        // 1. If this's do not flush is false, then set this's decoder to a new instance of this's
        //    encoding's decoder, this's I/O queue to the I/O queue of bytes « end-of-queue », and
        //    this's BOM seen to false.
        let mut decoder = unfinished.unwrap_or_else(|| match self.ignore_bom {
            true => self.encoding.new_decoder_without_bom_handling(),
            false => self.encoding.new_decoder_with_bom_removal(),
        });
        // 3. If input is given, then push a copy of input to this's I/O queue. 4. Let output be
        //    the I/O queue of scalar values « end-of-queue ». 5. While true: …
        let text = self.run(ctx, &mut decoder, &input, !is_streaming)?;
        // 2. Set this's do not flush to options["stream"].
        if is_streaming {
            self.unfinished.replace(Some(decoder));
        }
        string(ctx, &text)
    }

    /// OPTIMIZATION: glue of wasm-bindgen and Emscripten decodes a short text per call, without options.
    fn short_utf8<'js>(&self, call: &Call<'_, 'js>) -> Result<Option<Value<'js>>> {
        let Some(bytes) = self.bytes.filter(|_| call.len() == 1 && self.encoding == UTF_8) else {
            return Ok(None);
        };
        let (input, mut copy) = (call.value(0), [0; SHORT_BYTES]);
        let Some(len) = bytes.len(&input).filter(|len| *len <= SHORT_BYTES) else {
            return Ok(None);
        };
        if self.unfinished.borrow().is_some() {
            return Ok(None);
        }
        let len = bytes.read(&input, 0..len, |source| {
            copy[..source.len()].copy_from_slice(source);
            source.len()
        });
        self.whole_utf8(call.ctx(), &copy[..len]).map(Some)
    }

    fn run(
        &self,
        ctx: &Ctx<'_>,
        decoder: &mut Decoder,
        input: &[u8],
        last: bool,
    ) -> Result<String> {
        let most = match self.errors {
            Errors::Replacement => decoder.max_utf8_buffer_length(input.len()),
            Errors::Fatal => decoder.max_utf8_buffer_length_without_replacement(input.len()),
        };
        let most = most.filter(|most| *most <= 4 * MAX_BUFFER_BYTES).ok_or(Error::Unknown)?;
        let mut text = String::with_capacity(most);
        match self.errors {
            Errors::Replacement => {
                let (result, _, _) = decoder.decode_to_string(input, &mut text, last);
                debug_assert_eq!(result, CoderResult::InputEmpty, "there is room for all of it");
            }
            Errors::Fatal => {
                let (result, _) =
                    decoder.decode_to_string_without_replacement(input, &mut text, last);
                if let DecoderResult::Malformed(..) = result {
                    return Err(self.invalid(ctx));
                }
            }
        }
        Ok(text)
    }

    fn whole_utf8<'js>(&self, ctx: &Ctx<'js>, input: &[u8]) -> Result<Value<'js>> {
        let bytes = match input.strip_prefix(BOM) {
            Some(rest) if !self.ignore_bom => rest,
            _ => input,
        };
        let text = match self.errors {
            Errors::Replacement => String::from_utf8_lossy(bytes),
            Errors::Fatal => Cow::from(str::from_utf8(bytes).map_err(|_| self.invalid(ctx))?),
        };
        string(ctx, &text)
    }

    fn invalid(&self, ctx: &Ctx<'_>) -> Error {
        let name = self.encoding.name().to_ascii_lowercase();
        let text = format!("The encoded data was not valid for encoding {name}");
        throw_coded(ctx, ErrorKind::Type, "ERR_ENCODING_INVALID_ENCODED_DATA", &text)
    }
}

fn string<'js>(ctx: &Ctx<'js>, text: &str) -> Result<Value<'js>> {
    Ok(JsString::from_str(ctx.clone(), text)?.into_value())
}
