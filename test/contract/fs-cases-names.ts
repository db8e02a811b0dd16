// What calls by path do to names and attributes, and how they fail: results, errors and the tree left behind.

import { pathToFileURL } from 'node:url'
import type { CallCase, Side } from './fs-compare.ts'

type Args = (side: Side) => readonly unknown[]

/** Paths of the starting tree that say something about any call. */
const places = [
  'file',
  'zero',
  'dir',
  'empty',
  'link',
  'dirlink',
  'broken',
  'loop',
  'missing',
  'missing/x',
  'file/x',
  'file/',
  'dir/',
  'missing/',
  'dirlink/a.txt',
  'dirlink/',
  'broken/',
  'dir/../file',
  'dirlink/../file',
  './file',
  '.',
  '..',
  'dir//a.txt',
  'dir/./sub/../a.txt',
  `${'n'.repeat(256)}`,
]

const everywhere = (call: string, rest: readonly unknown[] = [], tree = false): CallCase[] =>
  places
    .filter((place) => !(tree && place === '..'))
    .map((place) => ({
      call,
      title: [`'${place.slice(0, 40)}'`, ...rest.map(String)].join(', '),
      args: ({ at }) => [`${at}/${place}`, ...rest],
      tree,
    }))

const pairs: readonly (readonly [string, string])[] = [
  ['file', 'new'],
  ['file', 'zero'],
  ['file', 'dir'],
  ['file', 'empty'],
  ['dir', 'file'],
  ['dir', 'empty'],
  ['dir', 'new'],
  ['dir', 'dir/sub/in'],
  ['empty', 'dir'],
  ['file', 'file'],
  ['dir', 'dir'],
  ['missing', 'new'],
  ['missing', 'file'],
  ['file', 'missing/new'],
  ['file', 'file/new'],
  ['file/', 'new'],
  ['file', 'new/'],
  ['dir', 'new/'],
  ['link', 'new'],
  ['link', 'file'],
  ['file', 'link'],
  ['broken', 'new'],
  ['dirlink', 'new'],
  ['file', 'dirlink'],
  ['dirlink', 'empty'],
  ['loop', 'new'],
  ['file', 'loop'],
  ['file', 'broken'],
  ['dir/a.txt', 'dir/sub/b.txt'],
  ['dir', '.'],
]

const onPairs = (call: string, rest: readonly unknown[] = []): CallCase[] =>
  pairs.map(([from, to]) => ({
    call,
    title: [`'${from}'`, `'${to}'`, ...rest.map(String)].join(', '),
    args: ({ at }) => [`${at}/${from}`, `${at}/${to}`, ...rest],
    tree: true,
  }))

export const nameCases: readonly CallCase[] = [
  ...['stat', 'lstat', 'access', 'readdir', 'readlink'].flatMap((call) => everywhere(call)),
  // Node 20 forgets the path in errors of opendirSync; ours never does.
  ...everywhere('opendir').map((one) => ({ ...one, forms: ['callback', 'promise'] as const })),
  ...['stat', 'lstat'].flatMap((call) => [
    ...everywhere(call, [{ bigint: true }]),
    ...everywhere(call, [{ throwIfNoEntry: false }]).map((one) => ({ ...one, forms: ['sync'] as const })),
  ]),
  ...everywhere('access', [4]),
  ...everywhere('realpath').filter(({ title }) => title !== "'..'"),
  ...['unlink', 'rmdir', 'mkdir', 'rm'].flatMap((call) => everywhere(call, [], true)),
  ...[{ recursive: true }, { force: true }, { recursive: true, force: true }].flatMap((options) =>
    everywhere('rm', [options], true).filter(({ title }) => !/'\.'|'\.\.'|'dir\/'|'dirlink\/'|'nnn/.test(title ?? '')),
  ),
  ...everywhere('mkdir', [{ recursive: true }], true),
  ...everywhere('chmod', [0o640], true),
  ...everywhere('utimes', [1, 2], true),
  ...everywhere('lutimes', [1, 2], true),
  ...everywhere('truncate', [3], true),
  ...everywhere('truncate', [], true),
  ...everywhere('chown', [-1, -1]),
  ...everywhere('lchown', [-1, -1]),
  ...onPairs('rename'),
  ...onPairs('link'),
  ...onPairs('copyFile'),
  ...onPairs('copyFile', [1]),
  ...['new', 'file', 'dir', 'missing/new', 'file/new', 'broken', 'new/'].map((place): CallCase => ({
    call: 'symlink',
    args: ({ at }) => ['some/target', `${at}/${place}`],
    tree: true,
  })),
  { call: 'symlink', args: ({ at }) => ['', `${at}/new`], tree: true },
  { call: 'symlink', args: ({ at }) => [Buffer.from('by/buffer'), `${at}/new`], tree: true },
  { call: 'symlink', args: ({ at }) => ['file', `${at}/new`, 'dir'], tree: true },
  ...encodedCases(),
  ...spelledCases(),
  { call: 'mkdtemp', title: 'in a missing directory', args: ({ at }) => [`${at}/missing/t-`] },
  { call: 'mkdtemp', title: 'in a file', args: ({ at }) => [`${at}/file/t-`] },
  {
    call: 'mkdir',
    title: 'recursive below a file',
    args: ({ at }) => [`${at}/file/a/b`, { recursive: true }],
    tree: true,
  },
  {
    call: 'mkdir',
    title: 'recursive, some there',
    args: ({ at }) => [`${at}/dir/x/y/z`, { recursive: true }],
    tree: true,
  },
  { call: 'mkdir', title: 'with a mode', args: ({ at }) => [`${at}/m`, 0o700], tree: true },
  { call: 'mkdir', title: 'with an octal mode', args: ({ at }) => [`${at}/m`, '0750'], tree: true },
  { call: 'chmod', title: 'octal text', args: ({ at }) => [`${at}/file`, '0600'], tree: true },
  { call: 'rmdir', title: 'recursive', args: ({ at }) => [`${at}/dir`, { recursive: true }], tree: true },
  { call: 'rmdir', title: 'recursive on a file', args: ({ at }) => [`${at}/file`, { recursive: true }], tree: true },
  {
    call: 'rmdir',
    title: 'recursive on nothing',
    args: ({ at }) => [`${at}/missing`, { recursive: true }],
    tree: true,
  },
]

/** Names out in every encoding. */
function encodedCases(): CallCase[] {
  const encodings = ['utf8', 'buffer', 'hex', 'base64', 'latin1', 'utf16le', 'ascii', null, undefined]
  return encodings.flatMap((encoding) => [
    { call: 'readdir', args: ({ at }) => [`${at}/dir`, { encoding }] },
    { call: 'readdir', args: ({ at }) => [`${at}/dir`, encoding] },
    { call: 'readdir', args: ({ at }) => [`${at}/dir`, { encoding, withFileTypes: true }] },
    { call: 'readlink', args: ({ at }) => [`${at}/link`, { encoding }] },
    { call: 'readlink', args: ({ at }) => [`${at}/link`, encoding] },
  ])
}

/** The same place spelled as a Buffer, a Uint8Array and a URL. */
function spelledCases(): CallCase[] {
  const spellings: readonly ((path: string) => unknown)[] = [
    (path) => Buffer.from(path),
    (path) => new Uint8Array(Buffer.from(path)),
    (path) => pathToFileURL(path),
  ]
  return spellings.flatMap((spell) => {
    const cases: [string, Args][] = [
      ['stat', ({ at }) => [spell(`${at}/file`)]],
      ['stat', ({ at }) => [spell(`${at}/missing`)]],
      ['readdir', ({ at }) => [spell(`${at}/dir`)]],
      ['readdir', ({ at }) => [spell(`${at}/dir`), { withFileTypes: true }]],
      ['readFile', ({ at }) => [spell(`${at}/file`), 'utf8']],
      ['writeFile', ({ at }) => [spell(`${at}/new`), 'x']],
      ['rename', ({ at }) => [spell(`${at}/file`), spell(`${at}/new`)]],
      ['rename', ({ at }) => [spell(`${at}/missing`), spell(`${at}/new`)]],
      ['copyFile', ({ at }) => [spell(`${at}/file`), spell(`${at}/new`)]],
      ['mkdir', ({ at }) => [spell(`${at}/m/n`), { recursive: true }]],
      ['rm', ({ at }) => [spell(`${at}/file`)]],
    ]
    return cases.map(([call, args]) => ({ call, args, tree: call !== 'stat' }))
  })
}
