// A socket of the system, with the methods that a stream asks of any handle: TLS has others.

(function ({ natives }) {
  const native = natives('net');

  return class Handle {
    #socket;

    constructor(socket = native.newSocket()) { this.#socket = socket; }

    // Each of the two calls back with why it failed, or nothing.
    connect(name, ip, port, localAddress, localPort, callback) {
      native.connect(this.#socket, name, ip, port, localAddress, localPort, callback);
    }
    connectPath(path, callback) { native.connectPath(this.#socket, path, callback); }

    // Calls back with why it failed, with `(undefined, bytes)`, or with nothing at the end.
    readStart(callback) { native.readStart(this.#socket, callback); }
    readStop() { native.readStop(this.#socket); }

    // True: it is written. False: `callback` will tell. A name: why it failed.
    write(bytes, callback) { return native.write(this.#socket, bytes, callback); }
    end(callback) { callback(native.end(this.#socket)); }
    close(isReset = false) { return native.close(this.#socket, isReset); }

    setNoDelay(isOn) { return native.setNoDelay(this.#socket, isOn); }
    setKeepAlive(isOn, afterSeconds) { return native.setKeepAlive(this.#socket, isOn, afterSeconds); }
    keepAlive(isOn) { native.keepAlive(this.#socket, isOn); }
    localAddress() { return native.localAddress(this.#socket); }
    peerAddress() { return native.peerAddress(this.#socket); }
  };
})
