// What streams complain with, and what is checked before.
//
// <https://nodejs.org/api/errors.html#nodejs-error-codes>

(function ({ inspect, invalidArgument, outOfRange }) {
  function coded(Class, code, message) {
    const error = new Class(message);
    error.code = code;
    return error;
  }

  class AbortError extends Error {
    constructor(message = 'The operation was aborted', options = undefined) {
      super(message, options);
      this.code = 'ABORT_ERR';
      this.name = 'AbortError';
    }
  }
  const aborted = (signal) => new AbortError(undefined, { cause: signal?.reason });

  // Two failures of one thing: the second comes with the first, and is what is told.
  function bothErrors(later, earlier) {
    if (!later || !earlier || later === earlier) return later || earlier;
    if (Array.isArray(earlier.errors)) {
      earlier.errors.push(later);
      return earlier;
    }
    const both = new AggregateError([earlier, later], earlier.message);
    both.code = earlier.code;
    return both;
  }

  // An encoding may be anything that a script mistook for one.
  const shownName = (name) => (typeof name === 'string' ? name : inspect(name));

  // How Node names what a function gave back and should not have.
  function shown(value) {
    if (value === undefined || value === null) return String(value);
    if (typeof value === 'function') return `function ${value.name}`;
    if (typeof value === 'object') {
      const name = value.constructor?.name;
      return name ? `an instance of ${name}` : inspect(value, { depth: -1 });
    }
    return `type ${typeof value} (${inspect(value).slice(0, 28)})`;
  }

  const make = {
    alreadyFinished: (name) => coded(Error, 'ERR_STREAM_ALREADY_FINISHED',
      `Cannot call ${name} after a stream was finished`),
    cannotPipe: () => coded(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable'),
    unableToPipe: () => coded(Error, 'ERR_STREAM_UNABLE_TO_PIPE',
      'Cannot pipe to a closed or destroyed stream'),
    destroyed: (name) => coded(Error, 'ERR_STREAM_DESTROYED',
      `Cannot call ${name} after a stream was destroyed`),
    nullValues: () => coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream'),
    prematureClose: () => coded(Error, 'ERR_STREAM_PREMATURE_CLOSE', 'Premature close'),
    pushAfterEnd: () => coded(Error, 'ERR_STREAM_PUSH_AFTER_EOF', 'stream.push() after EOF'),
    unshiftAfterEnd: () => coded(Error, 'ERR_STREAM_UNSHIFT_AFTER_END_EVENT',
      'stream.unshift() after end event'),
    writeAfterEnd: () => coded(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end'),
    multipleCallback: () => coded(Error, 'ERR_MULTIPLE_CALLBACK', 'Callback called multiple times'),
    notImplemented: (name) => coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED',
      `The ${name} method is not implemented`),
    unknownEncoding: (name) => coded(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${shownName(name)}`),
    missingArgument: (name) => coded(TypeError, 'ERR_MISSING_ARGS',
      `The "${name}" argument must be specified`),
    invalidValue: (name, value, why = 'is invalid') => coded(TypeError, 'ERR_INVALID_ARG_VALUE',
      `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${why}. Received ${inspect(value)}`),
    invalidReturn: (expected, name, value) => coded(TypeError, 'ERR_INVALID_RETURN_VALUE',
      `Expected ${expected} to be returned from the "${name}" function but got ${shown(value)}.`),
    notChunk: (chunk) => invalidArgument('chunk',
      'of type string or an instance of Buffer, TypedArray, or DataView', chunk),
  };

  const check = {
    callable(value, name) {
      if (typeof value !== 'function') throw invalidArgument(name, 'of type function', value);
    },
    object(value, name) {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        throw invalidArgument(name, 'of type object', value);
      }
    },
    boolean(value, name) {
      if (typeof value !== 'boolean') throw invalidArgument(name, 'of type boolean', value);
    },
    integer(value, name, low, high = Number.MAX_SAFE_INTEGER) {
      if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
      if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
      if (value < low || value > high) throw outOfRange(name, `>= ${low} && <= ${high}`, value);
    },
    signal(value, name) {
      if (value !== undefined && (value === null || typeof value !== 'object' || !('aborted' in value))) {
        throw invalidArgument(name, 'an instance of AbortSignal', value);
      }
    },
  };

  return { AbortError, aborted, bothErrors, check, coded, invalidArgument, make, outOfRange };
})
