// node:tty, <https://nodejs.org/api/tty.html>

(function ({ isTerminal, standardStreams }) {
  // Whoever only asks for `isatty` has no need of streams: the classes behind these come later.
  const standIn = (name) => ({
    [name]: class {
      constructor(fd) { return new (standardStreams()[name])(fd); }
      static [Symbol.hasInstance](value) { return value instanceof standardStreams()[name]; }
    },
  })[name];

  return {
    isatty: (fd) => Number.isInteger(fd) && fd >= 0 && fd <= 2147483647 && isTerminal(fd),
    ReadStream: standIn('ReadStream'),
    WriteStream: standIn('WriteStream'),
  };
})
