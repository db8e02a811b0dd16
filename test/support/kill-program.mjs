// A program that works on a volume until it is killed. Told in argv: how to open the volume, and a seed. It writes lines of
// JSON to stdout, each at once, so that they outlive it: first the tree it finds, then every operation before it begins
// ({ begin }) and after it was acknowledged ({ done }).

import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'

const { dist, url, options, seed, paceMs } = JSON.parse(process.argv[2])
const { openVolume } = await import(dist)

let state = seed >>> 0
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}
const pick = (items) => items[Math.floor(random() * items.length)]
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`)

const volume = await openVolume(url, options)
const { fs } = volume
/** Path to kind: what is there as far as this program knows. */
const tree = new Map()

function look(directory, found) {
  for (const entry of fs.readdirSync(directory || '/', { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) {
      tree.set(path, 'directory')
      found[path] = 'directory'
      look(path, found)
    } else if (entry.isSymbolicLink()) {
      tree.set(path, 'symlink')
      found[path] = `symlink ${fs.readlinkSync(path)}`
    } else {
      tree.set(path, 'file')
      const bytes = fs.readFileSync(path)
      const digest = createHash('sha1').update(bytes).digest('hex')
      found[path] = `file ${bytes.length} ${digest} ${(fs.statSync(path).mode & 0o777).toString(8)}`
    }
  }
  return found
}

const of = (kind) => [...tree].filter(([, each]) => each === kind).map(([path]) => path)
const contentOf = ({ id, size }) => Buffer.alloc(size, `${id}.`)
const sizes = [0, 1, 100, 4096, 5000, 20_000, 70_000, 300_000]
let count = 0

function fresh() {
  for (;;) {
    const path = `${pick(['', '', ...of('directory')])}/n${Math.floor(random() * 30)}`
    if (!tree.has(path)) return path
    if (tree.size > 60) return undefined
  }
}

function next() {
  const content = { id: `${seed}-${count++}`, size: pick(sizes) }
  const file = pick(of('file'))
  const directory = pick(of('directory'))
  const roll = random()
  const isFull = tree.size > 40
  const free = isFull ? undefined : fresh()
  if (free && roll < 0.22) return { op: 'write', path: free, ...content }
  if (free && roll < 0.3) return { op: 'mkdir', path: free }
  if (free && roll < 0.33) return { op: 'symlink', path: free, target: `target-${count}` }
  if (free && file && roll < 0.42) return { op: 'rename', path: file, to: free }
  if (free && directory && roll < 0.47 && !free.startsWith(`${directory}/`))
    return { op: 'rename', path: directory, to: free }
  if (!file) return { op: 'write', path: free ?? '/last', ...content }
  if (roll < 0.53) return { op: 'write', path: file, ...content }
  if (roll < 0.6) return { op: 'append', path: file, ...content }
  if (roll < 0.67) return { op: 'patch', path: file, offset: Math.floor(random() * 10_000), ...content }
  if (roll < 0.71) return { op: 'truncate', path: file, size: pick(sizes) }
  if (roll < 0.76) return { op: 'chmod', path: file, mode: pick([0o600, 0o644, 0o444]) }
  if (roll < 0.82) return { op: 'rename', path: file, to: pick(of('file')) }
  if (roll < 0.88) return { op: 'synced', path: file, ...content }
  if (roll < 0.95 && !(isFull && directory)) return { op: 'unlink', path: file }
  if (directory && roll < 0.97) return { op: 'removeTree', path: directory }
  return roll < 0.985 ? { op: 'unlink', path: file } : { op: 'sync' }
}

let open

function withFile(path, flags, use) {
  const fd = fs.openSync(path, flags)
  try {
    use(fd)
  } finally {
    fs.closeSync(fd)
  }
}

const perform = {
  write: (step) => fs.writeFileSync(step.path, contentOf(step)),
  append: (step) => fs.appendFileSync(step.path, contentOf(step)),
  patch: (step) => withFile(step.path, 'r+', (fd) => fs.writeSync(fd, contentOf(step), 0, step.size, step.offset)),
  truncate: (step) => fs.truncateSync(step.path, step.size),
  chmod: (step) => fs.chmodSync(step.path, step.mode),
  mkdir: (step) => fs.mkdirSync(step.path),
  symlink: (step) => fs.symlinkSync(step.target, step.path),
  async rename(step) {
    fs.renameSync(step.path, step.to)
    // Without a journal a renamed directory goes on moving, and who opens the volume meanwhile sees both names.
    if (tree.get(step.path) === 'directory' && options.durability === 'bucket') await volume.sync()
  },
  unlink: (step) => fs.unlinkSync(step.path),
  async removeTree(step) {
    // What a killed rm -r leaves may be older than what was acknowledged: local changes below are dropped first.
    await volume.sync()
    fs.rmSync(step.path, { recursive: true })
  },
  synced(step) {
    open = fs.openSync(step.path, 'w')
    fs.writeSync(open, contentOf(step))
    fs.fsyncSync(open)
  },
  finish(step) {
    fs.writeSync(open, contentOf(step))
    fs.closeSync(open)
  },
}

function remember({ op, path, to }) {
  if (op === 'unlink' || op === 'removeTree' || op === 'rename') {
    for (const [each, kind] of [...tree]) {
      if (each !== path && !each.startsWith(`${path}/`)) continue
      tree.delete(each)
      if (op === 'rename') tree.set(to + each.slice(path.length), kind)
    }
  } else if (op !== 'sync') tree.set(path, { mkdir: 'directory', symlink: 'symlink' }[op] ?? 'file')
}

async function run(step) {
  say({ begin: step })
  if (step.op === 'sync') await volume.sync()
  else await perform[step.op](step)
  say({ done: step })
  remember(step)
  if (step.op === 'synced') await run({ op: 'finish', path: step.path, id: step.id, size: 50 })
}

say({ tree: look('', {}) })
for (;;) {
  await run(next())
  await new Promise((resolve) => setTimeout(resolve, random() * paceMs))
}
