// node:tty, <https://nodejs.org/api/tty.html>

(function ({ isTerminal, missing }) {
  return {
    isatty: (fd) => Number.isInteger(fd) && fd >= 0 && fd <= 2147483647 && isTerminal(fd),
    ReadStream: missing('tty', 'ReadStream'),
    WriteStream: missing('tty', 'WriteStream'),
  };
})
