// Random commands over few names, so that they meet: paths through symlinks and '..', trailing slashes, names too long.

import fc from 'fast-check'
import {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
} from '../../src/volume/types.ts'
import type { Command } from './commands.ts'

export interface PathStyle {
  /** Paths may leave through '..' and symlinks may be absolute: not on a disk that others use too. */
  readonly wild: boolean
  readonly xattrs: boolean
  readonly sizeMax: number
}

const flagSets = [
  ...[
    O_RDONLY,
    O_WRONLY,
    O_RDWR,
    O_RDWR | O_CREAT,
    O_WRONLY | O_CREAT | O_TRUNC,
    O_RDWR | O_CREAT | O_EXCL,
    O_RDWR | O_TRUNC,
  ],
  ...[
    O_RDWR | O_CREAT | O_APPEND,
    O_WRONLY | O_APPEND,
    O_RDONLY | O_NOFOLLOW,
    O_RDONLY | O_DIRECTORY,
    O_RDWR | O_CREAT,
  ],
]
const writeFlagSets = [
  O_WRONLY | O_CREAT | O_TRUNC,
  O_WRONLY | O_CREAT | O_TRUNC,
  O_WRONLY | O_CREAT | O_APPEND,
  O_WRONLY | O_CREAT | O_EXCL,
  O_WRONLY,
]

/** One random command. */
export function commandOf(style: PathStyle): fc.Arbitrary<Command> {
  const path = pathOf(style)
  const slot = fc.nat(3)
  const offset = fc.oneof({ weight: 3, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.nat(style.sizeMax) })
  const text = textArbitrary(style.sizeMax)
  const mode = fc.constantFrom(0o666, 0o600, 0o777, 0o444)
  const timeNs = fc.bigInt(-5_000_000_000n, 2_000_000_000_000_000_000n)
  const make = <K extends Command['op']>(
    op: K,
    weight: number,
    fields: object,
  ): { weight: number; arbitrary: fc.Arbitrary<Command> } => ({
    weight,
    arbitrary: fc.record({ op: fc.constant(op), ...fields }) as unknown as fc.Arbitrary<Command>,
  })
  return fc.oneof(
    make('open', 8, { slot, path, flags: fc.constantFrom(...flagSets), mode }),
    make('read', 5, { slot, offset, length: offset.map((length) => length + 1) }),
    make('write', 9, { slot, offset, text }),
    make('ftruncate', 2, { slot, size: offset }),
    make('fstat', 2, { slot }),
    make('fsync', 2, { slot }),
    make('close', 4, { slot }),
    make('writeFile', 9, { path, text, flags: fc.constantFrom(...writeFlagSets), mode }),
    ...(['readFile', 'readlink', 'realpath', 'readdir', 'rmdir'] as const).map((op) => make(op, 3, { path })),
    make('unlink', 5, { path }),
    make('stat', 3, { path, follow: fc.boolean() }),
    make('mkdir', 8, { path, mode: fc.constantFrom(0o777, 0o700, 0o1777) }),
    make('mkdtemp', 1, { path }),
    make('symlink', 3, { target: targetOf(style), path }),
    make('rename', 10, { path, to: path }),
    make('copyFile', 4, { path, to: path, exclusive: fc.boolean() }),
    make('remove', 3, { path, recursive: fc.boolean(), force: fc.boolean() }),
    make('truncate', 2, { path, size: offset }),
    make('chmod', 2, { path, mode: fc.constantFrom(0o600, 0o644, 0o755, 0o4755, 0o1777) }),
    make('utimes', 2, { path, atimeNs: timeNs, mtimeNs: timeNs, follow: fc.boolean() }),
    ...(style.xattrs
      ? [
          make('setXattr', 2, {
            path: xattrPath(path),
            name: fc.constantFrom('user.mode', 'user.Ü', 'user.x'),
            value: fc.string({ maxLength: 8, unit: 'binary-ascii' }),
          }),
          make('removeXattr', 1, { path: xattrPath(path), name: fc.constantFrom('user.mode', 'user.x') }),
        ]
      : []),
    make('wait', 3, { ms: fc.constantFrom(1, 900, 3000, 20_000) }),
    make('sync', 1, {}),
  )
}

function xattrPath(path: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return path
}

const name = fc.constantFrom('a', 'b', 'c', 'ü')

function pathOf({ wild }: PathStyle): fc.Arbitrary<string> {
  const names = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(name) },
    { weight: 5, arbitrary: fc.tuple(name, name) },
    { weight: 2, arbitrary: fc.tuple(name, name, name) },
  )
  const simple = names.map((parts) => `/${parts.join('/')}`)
  const odd = fc.tuple(name, fc.constantFrom('..', '.'), name).map((parts) => `/${parts.join('/')}`)
  const dots = fc.tuple(name, name, fc.constantFrom('..', '.')).map((parts) => `/${parts.join('/')}`)
  const special = fc.constantFrom('/', '', '/..', '/.', '/a/..', '/../a', `/${'n'.repeat(256)}`)
  return fc.oneof(
    { weight: 20, arbitrary: simple },
    { weight: 1, arbitrary: simple.map((path) => `${path}/`) },
    { weight: 1, arbitrary: odd },
    ...(wild
      ? [
          { weight: 1, arbitrary: dots },
          { weight: 1, arbitrary: special },
        ]
      : []),
  )
}

function targetOf({ wild }: PathStyle): fc.Arbitrary<string> {
  const below = fc.oneof(fc.tuple(name), fc.tuple(name, name)).map((parts) => parts.join('/'))
  if (!wild) return below
  return fc.oneof(
    below,
    below,
    below.map((path) => `/${path}`),
    below.map((path) => `../${path}`),
    below.map((path) => `${path}/`),
    fc.constantFrom('.', '..', '/'),
  )
}

/** Letters that tell where they are from; sometimes many. */
function textArbitrary(sizeMax: number): fc.Arbitrary<string> {
  const short = fc.string({ maxLength: 24, unit: 'binary-ascii' })
  const long = fc
    .tuple(fc.nat(25), fc.nat(sizeMax))
    .map(([letter, size]) => String.fromCharCode(97 + letter).repeat(size))
  return fc.oneof({ weight: 5, arbitrary: short }, { weight: 1, arbitrary: long })
}
