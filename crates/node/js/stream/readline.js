// node:readline and node:readline/promises, <https://nodejs.org/api/readline.html>
//
// Lines as they come. A terminal edits its line itself: an interface never takes it over, so there
// is no history, no completion and no key of its own.

(function ({ builtin, invalidArgument, missing, nextTick, outOfRange, part }) {
  const { aborted, check, coded, make } = part('stream/errors');
  const EventEmitter = builtin('events');
  const { StringDecoder } = builtin('string_decoder');
  const LINE_END = /\r\n|[\n\r\u2028\u2029]/;
  const LINES_AHEAD = 1024;
  const MIN_CRLF_DELAY_MS = 100;

  function checkOpen(readline) {
    if (readline.closed) throw coded(Error, 'ERR_USE_AFTER_CLOSE', 'readline was closed');
  }

  class Interface extends EventEmitter {
    #prompt;
    #question;
    #decoder = new StringDecoder('utf8');
    #rest = '';
    #returnAt;
    #stop;

    constructor(input, output, completer, terminal) {
      super();
      const options = typeof input?.on === 'function' ? { input, output, completer, terminal } : { ...input };
      if (typeof options.input?.on !== 'function') throw invalidArgument('input', 'an instance of Readable', options.input);
      check.signal(options.signal, 'options.signal');
      if (options.crlfDelay !== undefined && typeof options.crlfDelay !== 'number') {
        throw invalidArgument('options.crlfDelay', 'of type number', options.crlfDelay);
      }
      if (options.historySize !== undefined && !(options.historySize >= 0)) {
        throw outOfRange('historySize', '>= 0', options.historySize);
      }
      this.input = options.input;
      this.output = options.output ?? undefined;
      this.terminal = false;
      this.crlfDelay = Math.max(MIN_CRLF_DELAY_MS, options.crlfDelay ?? 0);
      this.line = '';
      this.cursor = 0;
      this.history = [];
      this.paused = false;
      this.closed = false;
      this.setPrompt(options.prompt ?? '> ');
      this.#listen(options.signal);
    }

    #listen(signal) {
      const { input } = this;
      const listeners = {
        data: (chunk) => this.#take(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk)),
        end: () => {
          const rest = this.#rest;
          this.#rest = '';
          if (rest !== '') this.emit('line', rest);
          this.close();
        },
        error: (error) => this.emit('error', error),
      };
      for (const [type, listener] of Object.entries(listeners)) input.on(type, listener);
      const close = () => this.close();
      this.#stop = () => {
        for (const [type, listener] of Object.entries(listeners)) input.removeListener(type, listener);
        signal?.removeEventListener('abort', close);
      };
      input.resume();
      if (signal?.aborted) nextTick(close);
      else signal?.addEventListener('abort', close, { once: true });
    }

    // A line that ends with "\r" may end with "\r\n", whose end comes later.
    #take(text) {
      const isSoon = this.#returnAt !== undefined && Date.now() - this.#returnAt <= this.crlfDelay;
      if (text !== '') this.#returnAt = undefined;
      if (isSoon && text.startsWith('\n')) text = text.slice(1);
      if (!LINE_END.test(text)) {
        this.#rest += text;
        return;
      }
      if (text.endsWith('\r')) this.#returnAt = Date.now();
      const lines = (this.#rest + text).split(LINE_END);
      this.#rest = lines.pop();
      for (const line of lines) this.#tell(line);
    }
    #tell(line) {
      if (this.#question === undefined) {
        this.emit('line', line);
        return;
      }
      const { callback } = this.#question;
      this.#endQuestion();
      callback(line);
    }
    #endQuestion() {
      this.#prompt = this.#question.prompt;
      this.#question = undefined;
    }

    getPrompt() { return this.#prompt; }
    setPrompt(prompt) { this.#prompt = String(prompt); }
    prompt() {
      if (this.paused) this.resume();
      this.output?.write(this.#prompt);
    }

    question(query, options, callback) {
      if (typeof options === 'function') [options, callback] = [{}, options];
      const signal = options?.signal;
      checkOpen(this);
      check.signal(signal, 'options.signal');
      if (signal?.aborted || typeof callback !== 'function') return;
      if (this.#question !== undefined) {
        this.prompt();
        return;
      }
      const question = { prompt: this.#prompt, callback };
      if (signal) {
        const abort = () => { if (this.#question === question) this.#endQuestion(); };
        signal.addEventListener('abort', abort, { once: true });
        question.callback = (answer) => {
          signal.removeEventListener('abort', abort);
          callback(answer);
        };
      }
      this.#question = question;
      this.setPrompt(query);
      this.prompt();
    }

    pause() {
      checkOpen(this);
      if (this.paused) return this;
      this.input.pause();
      this.paused = true;
      this.emit('pause');
      return this;
    }
    resume() {
      checkOpen(this);
      if (!this.paused) return this;
      this.input.resume();
      this.paused = false;
      this.emit('resume');
      return this;
    }
    close() {
      if (this.closed) return;
      this.pause();
      this.#stop();
      this.closed = true;
      this.emit('close');
    }
    // As if it were read.
    write(text) {
      checkOpen(this);
      if (this.paused) this.resume();
      if (text !== undefined && text !== null) this.#take(typeof text === 'string' ? text : this.#decoder.write(text));
    }

    getCursorPos() { return { rows: 0, cols: this.#prompt.length + this.cursor }; }
    get columns() { return this.output?.columns ?? Infinity; }

    // Lines are kept from now on, not from the first time that somebody asks for one.
    [Symbol.asyncIterator]() {
      const events = EventEmitter.on(this, 'line', { close: ['close'], highWaterMark: LINES_AHEAD });
      const next = async () => {
        const { value, done } = await events.next();
        return { done, value: value?.[0] };
      };
      const close = () => {
        this.close();
        return events.return();
      };
      return { next, return: close, throw: (error) => events.throw(error), [Symbol.asyncIterator]() { return this; } };
    }
    [Symbol.dispose]() { this.close(); }
  }

  class PromisesInterface extends Interface {
    question(query, options = {}) {
      return new Promise((resolve, reject) => {
        const { signal } = options;
        check.signal(signal, 'options.signal');
        if (signal?.aborted) {
          reject(aborted(signal));
          return;
        }
        const abort = () => reject(aborted(signal));
        signal?.addEventListener('abort', abort, { once: true });
        super.question(query, options, (answer) => {
          signal?.removeEventListener('abort', abort);
          resolve(answer);
        });
      });
    }
  }

  // <https://nodejs.org/api/readline.html#readlinecursortostream-x-y-callback>
  const CLEAR_DOWN = '\x1b[0J';
  function toCursor(x, y) {
    for (const [name, value] of [['x', x], ['y', y]]) {
      if (Number.isNaN(value)) throw make.invalidValue(name, value);
    }
    if (typeof x !== 'number' && typeof y !== 'number') return '';
    if (typeof x !== 'number') {
      throw coded(TypeError, 'ERR_INVALID_CURSOR_POS', 'Cannot set cursor row without setting its column');
    }
    return typeof y === 'number' ? `\x1b[${y + 1};${x + 1}H` : `\x1b[${x + 1}G`;
  }
  function byCursor(x, y) {
    const move = (count, less, more) => (count ? `\x1b[${Math.abs(count)}${count < 0 ? less : more}` : '');
    return move(x, 'D', 'C') + move(y, 'A', 'B');
  }
  const toClearLine = (direction) => `\x1b[${direction < 0 ? 1 : direction > 0 ? 0 : 2}K`;

  function send(stream, text, callback) {
    if (callback !== undefined) check.callable(callback, 'callback');
    if (stream === null || stream === undefined || text === '') {
      if (callback) nextTick(callback, null);
      return true;
    }
    return stream.write(text, callback);
  }
  const functions = {
    clearLine: (stream, direction, callback) => send(stream, toClearLine(direction), callback),
    clearScreenDown: (stream, callback) => send(stream, CLEAR_DOWN, callback),
    cursorTo(stream, x, y, callback) {
      if (typeof y === 'function') [y, callback] = [undefined, y];
      return send(stream, toCursor(x, y), callback);
    },
    moveCursor: (stream, x, y, callback) => send(stream, byCursor(x, y), callback),
  };

  // <https://nodejs.org/api/readline.html#class-readlinepromisesreadline>
  class Readline {
    #stream;
    #commits;
    #waiting = [];
    constructor(stream, options) {
      if (typeof stream?.write !== 'function') throw invalidArgument('stream', 'an instance of Writable', stream);
      this.#stream = stream;
      this.#commits = Boolean(options?.autoCommit);
    }
    #add(text) {
      if (this.#commits) nextTick(() => this.#stream.write(text));
      else this.#waiting.push(text);
      return this;
    }
    clearLine(direction) { return this.#add(toClearLine(direction)); }
    clearScreenDown() { return this.#add(CLEAR_DOWN); }
    cursorTo(x, y) { return this.#add(toCursor(x, y)); }
    moveCursor(x, y) { return this.#add(byCursor(x, y)); }
    commit() {
      return new Promise((resolve) => { this.#stream.write(this.#waiting.splice(0).join(''), () => resolve()); });
    }
    rollback() {
      this.#waiting = [];
      return this;
    }
  }

  const promises = {
    Interface: PromisesInterface,
    Readline,
    createInterface: (...args) => new PromisesInterface(...args),
  };
  return {
    promises,
    callbacks: {
      Interface,
      createInterface: (...args) => new Interface(...args),
      ...functions,
      emitKeypressEvents: missing('readline', 'emitKeypressEvents'),
      promises,
    },
  };
})
