// Descriptors: positions, flags, the shapes of read and write, what closing does.

import type { Case, Side } from './fs-compare.ts'
import { onNode20, settle } from './fs-compare.ts'

const small = (title: string, run: Case['run'], tree = true): Case => ({ title, run, tree })

/** Every outcome in order, failures included. */
const each = async (side: Side, ...runs: (() => unknown)[]): Promise<unknown[]> => {
  const outcomes: unknown[] = []
  for (const run of runs) outcomes.push(await settle(run, side))
  return outcomes
}

const callback = (call: (done: (...args: unknown[]) => void) => void): Promise<unknown[]> =>
  new Promise((resolve) => call((...args) => resolve(args)))

const withFd = <T>({ fs, at }: Side, flags: string | number, run: (fd: number) => T, name = 'file'): T => {
  const fd = fs.openSync(`${at}/${name}`, flags)
  try {
    return run(fd)
  } finally {
    fs.closeSync(fd)
  }
}

const text = (buffer: NodeJS.ArrayBufferView): string =>
  Buffer.from(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength).toString('latin1')

export const descriptorCases: readonly Case[] = [
  small('reads without a position go on where the last ended', (side) =>
    withFd(side, 'r', (fd) => {
      const buffer = Buffer.alloc(4)
      return [1, 2, 3, 4].map(() => [side.fs.readSync(fd, buffer), buffer.toString('latin1')])
    }),
  ),
  small('a read with a position leaves the file position alone', (side) =>
    withFd(side, 'r', (fd) => {
      const buffer = Buffer.alloc(3)
      const first = [side.fs.readSync(fd, buffer, 0, 3, 6), text(buffer)]
      return [first, side.fs.readSync(fd, buffer, 0, 3, null), text(buffer)]
    }),
  ),
  small('writes without a position go on where the last ended', (side) =>
    withFd(side, 'r+', (fd) => [
      side.fs.writeSync(fd, 'AB'),
      side.fs.writeSync(fd, 'CD'),
      side.fs.writeSync(fd, 'x', 9),
    ]),
  ),
  small('reads and writes share one position', (side) =>
    withFd(side, 'r+', (fd) => {
      const buffer = Buffer.alloc(2)
      side.fs.readSync(fd, buffer)
      side.fs.writeSync(fd, '##')
      side.fs.readSync(fd, buffer)
      return text(buffer)
    }),
  ),
  small('appending ignores the position and moves to the end', (side) =>
    withFd(side, 'a+', (fd) => {
      const buffer = Buffer.alloc(30)
      const start = side.fs.readSync(fd, buffer, 0, 5, null)
      side.fs.writeSync(fd, '++', 0)
      side.fs.writeSync(fd, '--')
      return [start, side.fs.readSync(fd, buffer, 0, 30, null), side.fs.readSync(fd, buffer, 0, 30, 0), text(buffer)]
    }),
  ),
  small('writing past the end leaves zeros', (side) => withFd(side, 'r+', (fd) => side.fs.writeSync(fd, 'z', 20))),
  ...['r', 'w', 'a', 'r+', 'w+', 'wx', 'ax'].map((flags) =>
    small(`what may be done with a file opened '${flags}'`, (side) =>
      each(side, () => {
        const fd = side.fs.openSync(`${side.at}/${flags.includes('x') ? 'new' : 'file'}`, flags)
        const buffer = Buffer.alloc(5)
        return each(
          side,
          () => [side.fs.readSync(fd, buffer, 0, 5, 0), text(buffer)],
          () => side.fs.writeSync(fd, 'W', 0),
          () => side.fs.ftruncateSync(fd, 3),
          () => side.fs.fstatSync(fd).size,
          () => side.fs.fsyncSync(fd),
          () => side.fs.fdatasyncSync(fd),
          () => side.fs.fchmodSync(fd, 0o600),
          () => side.fs.futimesSync(fd, 5, 6),
          () => side.fs.fstatSync(fd).mtimeMs,
          () => side.fs.fchownSync(fd, -1, -1),
          () => side.fs.closeSync(fd),
          () => side.fs.closeSync(fd),
          () => side.fs.fstatSync(fd),
        )
      }),
    ),
  ),
  ...readShapes(),
  ...writeShapes(),
  small('a directory can be opened for reading and not be read', (side) => {
    const fd = side.fs.openSync(`${side.at}/dir`, 'r')
    return each(
      side,
      () => side.fs.fstatSync(fd).isDirectory(),
      () => side.fs.readSync(fd, Buffer.alloc(3)),
      () => side.fs.readFileSync(fd),
      () => side.fs.fsyncSync(fd),
      () => side.fs.closeSync(fd),
    )
  }),
  small('readFile of a descriptor starts at its position', (side) =>
    withFd(side, 'r', (fd) => {
      side.fs.readSync(fd, Buffer.alloc(6))
      return [side.fs.readFileSync(fd, 'utf8'), side.fs.readFileSync(fd, 'utf8')]
    }),
  ),
  small('writeFile of a descriptor writes at its position', (side) =>
    withFd(side, 'r+', (fd) => {
      side.fs.writeFileSync(fd, '12')
      side.fs.writeFileSync(fd, '34')
      side.fs.appendFileSync(fd, '56')
    }),
  ),
  small('an unlinked open file stays readable and writable', (side) => {
    const fd = side.fs.openSync(`${side.at}/file`, 'r+')
    side.fs.unlinkSync(`${side.at}/file`)
    side.fs.writeSync(fd, 'J', 0)
    const result = [
      side.fs.readFileSync(fd, 'utf8'),
      side.fs.fstatSync(fd).nlink,
      side.fs.existsSync(`${side.at}/file`),
    ]
    side.fs.closeSync(fd)
    return result
  }),
  small('a renamed open file stays the same file', (side) => {
    const fd = side.fs.openSync(`${side.at}/file`, 'r+')
    side.fs.renameSync(`${side.at}/file`, `${side.at}/other`)
    side.fs.writeSync(fd, 'J', 0)
    side.fs.closeSync(fd)
  }),
  small('concurrent reads without a position never return the same bytes', async (side) => {
    const fd = side.fs.openSync(`${side.at}/file`, 'r')
    const reads = await Promise.all(
      [1, 2, 3].map(() => callback((done) => side.fs.read(fd, Buffer.alloc(3), 0, 3, null, done))),
    )
    side.fs.closeSync(fd)
    return reads.map(([, count, buffer]) => text((buffer as Buffer).subarray(0, count as number))).sort()
  }),
  small('O_TRUNC, O_EXCL, O_CREAT, O_NOFOLLOW and O_DIRECTORY do what open(2) says', (side) => {
    const { constants: c } = side.fs
    const tries: [string, number][] = [
      ['file', c.O_RDONLY | c.O_DIRECTORY],
      ['dir', c.O_RDONLY | c.O_DIRECTORY],
      ['link', c.O_RDONLY | c.O_NOFOLLOW],
      ['new1', c.O_WRONLY],
      ['new2', c.O_WRONLY | c.O_CREAT],
      ['file', c.O_WRONLY | c.O_CREAT | c.O_EXCL],
      ['dir', c.O_WRONLY],
      ['link', c.O_WRONLY | c.O_CREAT | c.O_EXCL],
      ['broken', c.O_WRONLY | c.O_CREAT],
      ['zero', c.O_WRONLY | c.O_TRUNC],
      ['dir/', c.O_WRONLY | c.O_CREAT],
      ['new3/', c.O_WRONLY | c.O_CREAT],
    ]
    return each(
      side,
      ...tries.map(
        ([name, flags]) =>
          () =>
            side.fs.closeSync(side.fs.openSync(`${side.at}/${name}`, flags, 0o644)),
      ),
    )
  }),
  small('the umask of now masks new modes', (side) => {
    const before = process.umask(0o077)
    try {
      side.fs.writeFileSync(`${side.at}/masked`, '')
      side.fs.mkdirSync(`${side.at}/maskeddir`)
      process.umask(0)
      side.fs.writeFileSync(`${side.at}/bare`, '')
    } finally {
      process.umask(before)
    }
  }),
]

function readShapes(): Case[] {
  const shapes: Record<string, readonly unknown[]> = {
    '(fd)': [],
    '(fd, buffer)': [Buffer.alloc(4)],
    '(fd, options)': [{ buffer: Buffer.alloc(4), position: 2 }],
    '(fd, empty options)': [{}],
    '(fd, null)': [null],
    '(fd, buffer, options)': [Buffer.alloc(4), { offset: 1, length: 2, position: 3 }],
    '(fd, buffer, null)': [Buffer.alloc(4), null],
    '(fd, buffer, undefined)': [Buffer.alloc(4), undefined],
    '(fd, buffer, offset, length, position)': [Buffer.alloc(8), 2, 3, 4],
    '(fd, buffer, null, length, null)': [Buffer.alloc(8), null, 3, null],
    '(fd, buffer, offset, length, bigint)': [Buffer.alloc(8), 0, 3, 4n],
    '(fd, buffer, offset, length, -1)': [Buffer.alloc(8), 0, 3, -1],
    '(fd, buffer, offset, 0, position)': [Buffer.alloc(8), 0, 0, 0],
    '(fd, Uint16Array)': [new Uint16Array(3)],
    '(fd, DataView)': [new DataView(new ArrayBuffer(5))],
    '(fd, past the end)': [Buffer.alloc(8), 0, 8, 100],
    '(fd, empty buffer)': [Buffer.alloc(0)],
    '(fd, empty buffer, length)': [Buffer.alloc(0), 0, 1, 0],
    '(fd, offset past)': [Buffer.alloc(4), 5, 1, 0],
    '(fd, length past)': [Buffer.alloc(4), 2, 3, 0],
    '(fd, negative offset)': [Buffer.alloc(4), -1, 1, 0],
    '(fd, negative length)': [Buffer.alloc(4), 0, -1, 0],
    '(fd, fractional offset)': [Buffer.alloc(4), 0.5, 1, 0],
    '(fd, text offset)': [Buffer.alloc(4), '0', 1, 0],
    '(fd, fractional position)': [Buffer.alloc(4), 0, 1, 0.5],
    '(fd, position -2)': [Buffer.alloc(4), 0, 1, -2],
    '(fd, text position)': [Buffer.alloc(4), 0, 1, '1'],
    '(fd, huge position)': [Buffer.alloc(4), 0, 1, 2n ** 64n],
    '(fd, text)': ['text'],
    '(fd, number)': [5],
  }
  return Object.entries(shapes).flatMap(([shown, args]) => [
    small(`readSync${shown}`, (side) => withFd(side, 'r', (fd) => (side.fs.readSync as Loose)(fd, ...args)), false),
    small(`read${shown} callback`, (side) => asCallback(side, 'read', args), false),
    // Node 20's FileHandle.read takes any position it does not understand for none.
    ...(onNode20 && /position|bigint/.test(shown)
      ? []
      : [
          small(
            `handle.read${shown.replace('fd, ', '').replace('fd', '')}`,
            (side) => onHandle(side, 'read', args),
            false,
          ),
        ]),
  ])
}

function writeShapes(): Case[] {
  const bytes = (): Buffer => Buffer.from('WXYZ')
  const shapes: Record<string, () => readonly unknown[]> = {
    '(fd, string)': () => ['ünï'],
    '(fd, string, position)': () => ['ab', 3],
    '(fd, string, position, encoding)': () => ['6162', 3, 'hex'],
    '(fd, string, null, encoding)': () => ['YWI=', null, 'base64'],
    '(fd, string, undefined, latin1)': () => ['é', undefined, 'latin1'],
    '(fd, odd hex)': () => ['616', 0, 'hex'],
    '(fd, buffer)': () => [bytes()],
    '(fd, buffer, offset)': () => [bytes(), 2],
    '(fd, buffer, offset, length)': () => [bytes(), 1, 2],
    '(fd, buffer, offset, length, position)': () => [bytes(), 1, 2, 5],
    '(fd, buffer, options)': () => [bytes(), { offset: 1, length: 2, position: 4 }],
    '(fd, buffer, null)': () => [bytes(), null],
    '(fd, Uint16Array)': () => [new Uint16Array([0x4142])],
    '(fd, empty)': () => [Buffer.alloc(0)],
    '(fd, empty string)': () => [''],
    '(fd, offset past)': () => [bytes(), 5],
    '(fd, length past)': () => [bytes(), 0, 9],
    '(fd, negative length)': () => [bytes(), 0, -1],
    '(fd, negative offset)': () => [bytes(), -1],
    '(fd, number)': () => [5],
    '(fd, object)': () => [{}],
    '(fd, null data)': () => [null],
  }
  return Object.entries(shapes).flatMap(([shown, args]) => [
    small(`writeSync${shown}`, (side) => withFd(side, 'r+', (fd) => (side.fs.writeSync as Loose)(fd, ...args()))),
    small(`write${shown} callback`, (side) => asCallback(side, 'write', args())),
    small(`handle.write${shown.replace('fd, ', '')}`, (side) => onHandle(side, 'write', args())),
    ...(shown.includes('string') ? [] : vectored(shown, args)),
  ])
}

function vectored(shown: string, args: () => readonly unknown[]): Case[] {
  const views = (): unknown[] => [args()[0], Buffer.from('!')]
  return [
    small(`writevSync of ${shown}`, (side) =>
      withFd(side, 'r+', (fd) => (side.fs.writevSync as Loose)(fd, views(), 2)),
    ),
    small(
      `readvSync into ${shown}`,
      (side) => withFd(side, 'r', (fd) => (side.fs.readvSync as Loose)(fd, views())),
      false,
    ),
    small(`writev of ${shown} callback`, (side) => asCallback(side, 'writev', [views()])),
    small(`readv into ${shown} callback`, (side) => asCallback(side, 'readv', [views(), 1]), false),
    small(`handle.writev of ${shown}`, (side) => onHandle(side, 'writev', [views(), 1])),
    small(`handle.readv into ${shown}`, (side) => onHandle(side, 'readv', [views()]), false),
  ]
}

type Loose = (...args: unknown[]) => unknown

async function asCallback(side: Side, call: string, args: readonly unknown[]): Promise<unknown> {
  const fd = side.fs.openSync(`${side.at}/file`, 'r+')
  const run = (side.fs as unknown as Record<string, Loose>)[call] as Loose
  try {
    const [error, count, given] = await callback((done) => run(fd, ...args, done))
    return [error, count, typeof given === 'object' ? given : [given]]
  } finally {
    side.fs.closeSync(fd)
  }
}

async function onHandle(side: Side, call: string, args: readonly unknown[]): Promise<unknown> {
  const handle = await side.fs.promises.open(`${side.at}/file`, 'r+')
  try {
    return await ((handle as unknown as Record<string, Loose>)[call] as Loose).apply(handle, [...args])
  } finally {
    await handle.close()
  }
}
