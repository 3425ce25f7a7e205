// `TextDecoderStream` and `TextEncoderStream`,
// <https://encoding.spec.whatwg.org/#interface-textdecoderstream>.

(function ({ base, transforming, TextDecoder, TextEncoder }) {
  const { asInterface, getter, invalidArgument, isObject, slot, uncurried } = base;
  const { createPair } = transforming;
  const decode = uncurried(TextDecoder.prototype.decode);
  const encode = uncurried(TextEncoder.prototype.encode);
  const encoder = new TextEncoder();
  const encodingOf = getter(TextDecoder.prototype, 'encoding');
  const fatalOf = getter(TextDecoder.prototype, 'fatal');
  const ignoreBomOf = getter(TextDecoder.prototype, 'ignoreBOM');
  const charCodeAt = uncurried(String.prototype.charCodeAt);
  const slice = uncurried(String.prototype.slice);

  const decoders = slot('TextDecoderStream');
  const encoders = slot('TextEncoderStream');
  const STREAMING = { __proto__: null, stream: true };

  class TextDecoderStream {
    constructor(label = 'utf-8', options = undefined) {
      const decoder = new TextDecoder(label, options);
      const pair = createPair({
        // #decode-and-enqueue-a-chunk
        transform(chunk, enqueue) {
          if (!isObject(chunk)) throw invalidArgument('chunk', 'an instance of ArrayBuffer or ArrayBufferView', chunk);
          const text = decode(decoder, chunk, STREAMING);
          if (text !== '') enqueue(text);
        },
        // #flush-and-enqueue
        flush(enqueue) {
          const text = decode(decoder);
          if (text !== '') enqueue(text);
        },
      });
      decoders.attach(this, { __proto__: null, decoder, pair });
    }
    get encoding() {
      return encodingOf(decoders.checked(this).decoder);
    }
    get fatal() {
      return fatalOf(decoders.checked(this).decoder);
    }
    get ignoreBOM() {
      return ignoreBomOf(decoders.checked(this).decoder);
    }
    get readable() {
      return decoders.checked(this).pair.readable.object;
    }
    get writable() {
      return decoders.checked(this).pair.writable.object;
    }
  }
  asInterface(TextDecoderStream, decoders, ({ decoder, pair }) => ({
    encoding: encodingOf(decoder),
    fatal: fatalOf(decoder),
    ignoreBOM: ignoreBomOf(decoder),
    readable: pair.readable.object,
    writable: pair.writable.object,
  }));

  class TextEncoderStream {
    constructor() {
      // A surrogate at the end of a chunk, whose other half may come with the next.
      let leading = '';
      const pair = createPair({
        // #encode-and-enqueue-a-chunk
        transform(chunk, enqueue) {
          let text = leading + `${chunk}`;
          leading = '';
          if (text === '') return;
          const last = charCodeAt(text, text.length - 1);
          if (last >= 0xd800 && last <= 0xdbff) {
            leading = slice(text, -1);
            text = slice(text, 0, -1);
            if (text === '') return;
          }
          enqueue(encode(encoder, text));
        },
        // #encode-and-flush: alone, it becomes U+FFFD.
        flush(enqueue) {
          if (leading !== '') enqueue(encode(encoder, leading));
        },
      });
      encoders.attach(this, { __proto__: null, pair });
    }
    get encoding() {
      encoders.checked(this);
      return 'utf-8';
    }
    get readable() {
      return encoders.checked(this).pair.readable.object;
    }
    get writable() {
      return encoders.checked(this).pair.writable.object;
    }
  }
  asInterface(TextEncoderStream, encoders, ({ pair }) => ({
    encoding: 'utf-8',
    readable: pair.readable.object,
    writable: pair.writable.object,
  }));

  return { TextDecoderStream, TextEncoderStream };
})
