// The handle of a `TLSSocket`: a session of TLS over any stream.

(function ({ natives }) {
  const native = natives('tls');

  return class TlsHandle {
    #stream;
    #session;
    #callback = null;
    // What came in before anybody wanted it.
    #plain = [];
    #hasEnded = false;
    #isReading = false;
    // Whether the other side is believed: nothing is said before.
    #isReady = false;
    #waiting = [];
    #isClosed = false;

    // `owner.agreed()` is told once there are keys, `owner.failed(error)` what went wrong before or after.
    constructor(stream, session, owner) {
      this.#stream = stream;
      this.#session = session;
      stream.on('data', (bytes) => this.#received(bytes, owner));
      stream.on('end', () => this.#ended(owner));
      stream.on('error', (error) => owner.failed(error));
      stream.on('close', () => owner.closedBelow());
    }

    // Begins to speak.
    start() { this.#flush(); }
    ready() {
      this.#isReady = true;
      for (const act of this.#waiting.splice(0)) act();
      this.#deliver();
    }
    get facts() { return native.facts(this.#session); }
    get certificates() { return native.certificates(this.#session); }

    #flush(callback) {
      const output = native.output(this.#session);
      if (output && !this.#stream.destroyed && this.#stream.writable) this.#stream.write(output, callback);
      else if (callback) callback(null);
    }

    #received(bytes, owner) {
      if (this.#isClosed) return;
      const wasHandshaking = native.isHandshaking(this.#session);
      const received = native.receive(this.#session, bytes);
      if (received instanceof Error) {
        // The other side is told why.
        this.#flush();
        owner.failed(received);
        return;
      }
      const [plain, isEnd] = received;
      if (plain) this.#plain.push(plain);
      if (wasHandshaking && !native.isHandshaking(this.#session)) owner.agreed();
      // Who is not believed is not told that there are keys.
      if (this.#isClosed) return;
      this.#flush();
      if (isEnd) this.#hasEnded = true;
      this.#deliver();
    }
    #ended(owner) {
      if (native.isHandshaking(this.#session)) {
        owner.cutOff();
        return;
      }
      this.#hasEnded = true;
      this.#deliver();
    }
    #deliver() {
      if (!this.#isReady) return;
      while (this.#isReading && this.#plain.length > 0) this.#callback(undefined, this.#plain.shift());
      if (this.#isReading && this.#hasEnded) {
        this.#isReading = false;
        this.#callback();
      }
    }

    readStart(callback) {
      this.#callback = callback;
      this.#isReading = true;
      if (this.#plain.length > 0 || this.#hasEnded) queueMicrotask(() => this.#deliver());
      this.#stream.resume();
    }
    readStop() {
      this.#isReading = false;
      if (this.#isReady) this.#stream.pause();
    }

    write(bytes, callback) {
      const act = () => {
        if (this.#isClosed) return;
        native.send(this.#session, bytes);
        this.#flush((error) => callback(error ? error.code ?? 'EPIPE' : undefined));
      };
      if (this.#isReady) act();
      else this.#waiting.push(act);
      return false;
    }
    end(callback) {
      const act = () => {
        if (this.#isClosed) return;
        native.end(this.#session);
        this.#flush();
        this.#stream.end(() => callback());
      };
      if (this.#isReady) act();
      else this.#waiting.push(act);
    }
    close(isReset = false) {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#waiting = [];
      if (isReset && typeof this.#stream.resetAndDestroy === 'function') this.#stream.resetAndDestroy();
      else this.#stream.destroy();
    }

    setNoDelay(isOn) { this.#stream.setNoDelay?.(isOn); }
    setKeepAlive(isOn, seconds) { this.#stream.setKeepAlive?.(isOn, seconds * 1000); }
    keepAlive(isOn) {
      if (isOn) this.#stream.ref?.();
      else this.#stream.unref?.();
    }
    localAddress() { return this.#stream._handle?.localAddress(); }
    peerAddress() { return this.#stream._handle?.peerAddress(); }
  };
})
