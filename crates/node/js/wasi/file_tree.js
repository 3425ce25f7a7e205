// `FileTree`: files in memory, for a module to be given instead of a folder. What it writes can be read here.

(function ({ invalidArgument, natives, part }) {
  const { listTree, makeFolder, newTree, readTree, writeTree } = natives('wasi');
  const { outOfRange, toBytes } = part('wasi/streams');

  const isPlainObject = (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const prototype = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
  };
  function checkPath(path) {
    if (typeof path !== 'string') throw invalidArgument('path', 'of type string', path);
  }

  class FileTree {
    #tree;

    // `contents` has texts or bytes, by name, and folders as objects of the same form.
    constructor(contents = {}, { maxBytes } = {}) {
      if (!isPlainObject(contents)) throw invalidArgument('contents', 'a plain object', contents);
      if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= 0)) {
        throw outOfRange('maxBytes', 'a whole number of bytes', maxBytes);
      }
      this.#tree = newTree(maxBytes);
      this.#fill('', contents);
    }

    #fill(folder, contents) {
      for (const [name, content] of Object.entries(contents)) {
        const path = folder + name;
        if (isPlainObject(content)) {
          makeFolder(this.#tree, path);
          this.#fill(`${path}/`, content);
        } else {
          this.write(path, content);
        }
      }
    }

    write(path, content) {
      checkPath(path);
      writeTree(this.#tree, path, toBytes(content));
    }

    // A Buffer, or nothing where no file is.
    read(path, encoding) {
      checkPath(path);
      const bytes = readTree(this.#tree, path);
      return encoding === undefined ? bytes : bytes?.toString(encoding);
    }

    makeFolder(path) {
      checkPath(path);
      makeFolder(this.#tree, path);
    }

    // The names in a folder, or nothing where none is.
    list(path = '.') {
      checkPath(path);
      const entries = listTree(this.#tree, path);
      return entries?.filter((_, index) => index % 2 === 0);
    }

    // All of it, in the form that the constructor takes.
    toObject(path = '.') {
      checkPath(path);
      const entries = listTree(this.#tree, path);
      if (entries === undefined) return undefined;
      // Names are a module's: one of them may be `__proto__`.
      const all = { __proto__: null };
      for (let index = 0; index < entries.length; index += 2) {
        const [name, isFolder] = [entries[index], entries[index + 1]];
        const inside = path === '.' ? name : `${path}/${name}`;
        const content = isFolder ? this.toObject(inside) : this.read(inside);
        if (content !== undefined) all[name] = content;
      }
      return all;
    }

    static treeOf(tree) { return tree.#tree; }
  }
  const { treeOf } = FileTree;
  delete FileTree.treeOf;

  return { FileTree, isPlainObject, treeOf };
})
