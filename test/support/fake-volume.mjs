// A small volume in memory behind the engine's opener seam, to test the engine by itself. JavaScript, because the
// engine's worker loads it without a loader; the errors are those of the build the worker runs.
//
// Paths with a meaning: '/slow/N' answers readFile after N ms (an aborted signal ends it); '/busy/N' burns N ms of the
// engine's thread; '/crash' throws where nobody catches; '/denied' is EACCES with a cause; '/big/N' has N bytes;
// '/conflict' is ESTALE with a conflict path. `data.saveTo`: `sync` and `close` write every file there as JSON, after
// `data.saveDelayMs`; `data.failSave` makes them fail; `data.failOpen` makes opening fail;
// `data.ttlMs` is how long it trusts what it says, `data.settingsTtlMs` what its settings say of that.

import { writeFileSync } from 'node:fs'
import { StoreError, VolumeError } from '../../dist/base/errors.js'
import { systemClock } from '../../dist/base/system.js'
import { silentLogger } from '../../dist/base/log.js'
import { defaultSettings } from '../../dist/volume/settings.js'

/** @returns {Promise<import('../../src/engine/composed.ts').ComposedVolume>} */
export async function open(data = {}) {
  if (data.failOpen) throw new VolumeError('ENOENT', { message: 'bucket "missing" does not exist' })
  const volume = new FakeVolume(data)
  return { volume, clock: systemClock, log: silentLogger, metrics: () => ({ fake: 1 }), release: async () => {} }
}

class FakeVolume {
  settings
  calls = this
  #data
  #files = new Map()
  #handles = new Map()
  #listeners = new Set()
  #nextIno = 2
  #nextHandle = 1
  #closed = false
  counts = { stat: 0, readFile: 0, readdir: 0, calls: 0 }
  /** Names of calls in the order they were begun. */
  log = []

  constructor(data) {
    this.#data = data
    // The trust of this volume is what `ttlMs` says.
    const ttlMs = data.settingsTtlMs ?? 600_000
    this.settings = { ...defaultSettings, attributesTtlMs: ttlMs, listingTtlMs: ttlMs, negativeTtlMs: ttlMs }
    this.#files.set('/', this.#inode('directory'))
    this.#files.set('/folder', this.#inode('directory'))
    this.#put('/hello', Buffer.from('hello world'))
  }

  subscribe(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  trustedUntilMs() {
    return this.#data.untrusted ? 0 : systemClock.monotonicMs() + (this.#data.ttlMs ?? 60_000)
  }

  cachedPath(path) {
    const untilMs = this.trustedUntilMs()
    return { ino: this.#files.get(path)?.attributes.ino ?? null, untilMs, listedUntilMs: untilMs }
  }

  metrics() {
    return { ...this.counts, log: this.log.slice(-200) }
  }

  async stat(_caller, path) {
    this.counts.stat++
    this.#begin('stat')
    return this.#find(path).attributes
  }

  async readFile(caller, path) {
    this.counts.readFile++
    this.#begin(`readFile ${path}`)
    const [, kind, value] = /^\/(slow|busy|big)\/(\d+)/.exec(path) ?? []
    if (kind === 'slow') await systemClock.sleep(Number(value), caller.signal)
    if (kind === 'slow') return Buffer.from('slow')
    if (kind === 'big') return pattern(Number(value))
    if (kind === 'busy') {
      const end = performance.now() + Number(value)
      while (performance.now() < end);
      return Buffer.from('busy')
    }
    if (path === '/crash')
      setImmediate(() => {
        throw new Error('the engine broke')
      })
    if (path === '/crash') return new Promise(() => {})
    if (path === '/exit') process.exit(3)
    if (path === '/denied') {
      const cause = new StoreError({
        kind: 'denied',
        operation: 'get',
        key: 'denied',
        status: 403,
        message: 'Access Denied',
      })
      throw new VolumeError('EACCES', { message: 'the bucket says no', cause })
    }
    if (path === '/conflict') throw new VolumeError('ESTALE', { conflictPath: '/.bucketfs/data/conflicts/x' })
    if (path === '/bug') return undefined.length
    return Buffer.from(this.#find(path).bytes)
  }

  async writeFile(_caller, path, bytes) {
    this.#begin('writeFile')
    const created = !this.#files.has(path)
    this.#put(path, Buffer.from(bytes))
    this.#tell(created ? 'created' : 'modified', path)
  }

  async readdir(_caller, path) {
    this.counts.readdir++
    this.#begin('readdir')
    const prefix = path === '/' ? '/' : `${path}/`
    return [...this.#files]
      .filter(([name]) => name !== path && name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
      .map(([name, { attributes }]) => ({
        name: name.slice(prefix.length),
        ino: attributes.ino,
        type: attributes.type,
      }))
  }

  async unlink(_caller, path) {
    this.#begin('unlink')
    const file = this.#find(path)
    this.#files.delete(path)
    this.#tell('removed', path, file.attributes.ino)
  }

  async rename(_caller, from, to) {
    this.#begin('rename')
    for (const [path, file] of Array.from(this.#files)) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.#files.delete(path)
      this.#files.set(to + path.slice(from.length), file)
    }
    this.#tell('renamed', to)
  }

  async open(_caller, path) {
    this.#begin('open')
    const handle = this.#nextHandle++
    this.#handles.set(handle, path)
    return { handle, attributes: this.#find(path).attributes }
  }

  async write(handle, offset, bytes) {
    this.#begin('write')
    const path = this.#handles.get(handle)
    const before = this.#find(path).bytes
    const after = Buffer.alloc(Math.max(before.length, offset + bytes.length))
    after.set(before)
    after.set(bytes, offset)
    this.#put(path, after)
    this.#tell('modified', path)
    return offset
  }

  async read(handle, offset, length) {
    this.#begin('read')
    if (!this.#handles.has(handle)) throw new VolumeError('EBADF')
    // A view of something larger, as a careless volume might give.
    return this.#find(this.#handles.get(handle)).bytes.subarray(offset, offset + length)
  }

  async close(handle) {
    if (handle === undefined) return this.#closeVolume()
    this.#begin('close')
    if (!this.#handles.delete(handle)) throw new VolumeError('EBADF')
  }

  async sync() {
    await this.#save()
  }

  async #closeVolume() {
    if (this.#closed) return
    this.#closed = true
    await this.#save()
  }

  async #save() {
    if (this.#data.saveDelayMs) await systemClock.sleep(this.#data.saveDelayMs)
    if (this.#data.failSave) throw new VolumeError('EIO', { message: 'the bucket is away' })
    if (!this.#data.saveTo) return
    const files = [...this.#files].map(([path, { bytes }]) => [path, bytes?.toString('latin1')])
    writeFileSync(this.#data.saveTo, JSON.stringify(Object.fromEntries(files)))
  }

  #begin(name) {
    this.counts.calls++
    this.log.push(name)
    if (this.log.length > 1000) this.log.splice(0, 500)
    if (this.#closed) throw new VolumeError('EBADF')
  }

  #find(path) {
    const file = this.#files.get(path)
    if (!file) throw new VolumeError('ENOENT')
    return file
  }

  #put(path, bytes) {
    const before = this.#files.get(path)
    const { attributes } = before ?? this.#inode('file')
    this.#files.set(path, { bytes, attributes: { ...attributes, size: bytes.length, mtimeNs: systemClock.nowNs() } })
  }

  #inode(type) {
    const mode = type === 'directory' ? 0o040755 : 0o100644
    const ns = 1_700_000_000_123_456_789n
    const ino = type === 'directory' && this.#files.size === 0 ? 1 : this.#nextIno++
    const times = { atimeNs: ns, mtimeNs: ns, ctimeNs: ns, birthtimeNs: -1n }
    return { attributes: { ino, type, mode, nlink: 1, uid: 4_000_000_000, gid: 7, rdev: 0, size: 0, ...times } }
  }

  #tell(kind, path, ino = this.#files.get(path).attributes.ino) {
    const at = path.lastIndexOf('/')
    const parent = this.#files.get(path.slice(0, at) || '/')?.attributes.ino ?? 1
    const event = { kind, ino, parent, name: path.slice(at + 1), path, origin: 'local' }
    for (const listener of this.#listeners) listener(event)
  }
}

/** Bytes that tell a wrong offset. */
export function pattern(size) {
  const bytes = Buffer.allocUnsafeSlow(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 12)) & 0xff
  return bytes
}
