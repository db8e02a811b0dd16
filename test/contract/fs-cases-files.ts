// Whole files, recursive listings, cp and glob: results, errors and the tree left behind.

import { onNode20 } from './fs-compare.ts'
import type { Case, CallCase, Side } from './fs-compare.ts'

const data: readonly unknown[] = [
  'text',
  '',
  Buffer.from('bytes'),
  new Uint8Array([1, 2, 3]),
  new Uint16Array([1, 2]),
  new Float64Array([1.5]),
  new DataView(new ArrayBuffer(3)),
  'ünïcödé ☃ 𝒳',
  '\ud800 lone',
]

const flags = [
  'r',
  'r+',
  'rs',
  'rs+',
  'w',
  'wx',
  'w+',
  'wx+',
  'a',
  'ax',
  'a+',
  'ax+',
  'as',
  'as+',
  'xw',
  'sr',
  0,
  2,
  0o101,
  0o1101,
  0o2101,
]

export const fileCases: readonly CallCase[] = [
  ...['file', 'zero', 'dir', 'link', 'broken', 'loop', 'missing', 'file/x', 'dirlink/a.txt', ''].flatMap(
    (place): CallCase[] =>
      ([undefined, 'utf8', 'hex', 'base64', 'latin1', null, { encoding: 'utf8' }, { flag: 'r+' }] as unknown[]).map(
        (options) => ({
          call: 'readFile',
          args: ({ at }) => [place && `${at}/${place}`, options],
        }),
      ),
  ),
  ...flags.flatMap((flag): CallCase[] => [
    { call: 'readFile', args: ({ at }) => [`${at}/file`, { flag }], tree: true },
    { call: 'readFile', args: ({ at }) => [`${at}/missing`, { flag }], tree: true },
    { call: 'writeFile', args: ({ at }) => [`${at}/file`, 'xy', { flag }], tree: true },
    { call: 'writeFile', args: ({ at }) => [`${at}/missing`, 'xy', { flag }], tree: true },
    { call: 'appendFile', args: ({ at }) => [`${at}/file`, 'xy', { flag }], tree: true },
    {
      call: 'open',
      title: `dir, ${flag}`,
      args: ({ at }) => [`${at}/missing/x`, flag],
      forms: ['sync', 'callback', 'promise'],
    },
  ]),
  ...['writeFile', 'appendFile'].flatMap((call): CallCase[] => [
    ...data.map((one): CallCase => ({ call, args: ({ at }) => [`${at}/zero`, one], tree: true })),
    ...['file', 'dir', 'link', 'broken', 'loop', 'missing/x', 'file/x', 'new/', ''].map((place): CallCase => ({
      call,
      args: ({ at }) => [place && `${at}/${place}`, 'data'],
      tree: true,
    })),
    { call, args: ({ at }) => [`${at}/new`, 'data', { mode: 0o600 }], tree: true },
    { call, args: ({ at }) => [`${at}/new`, 'data', { mode: '0640' }], tree: true },
    { call, args: ({ at }) => [`${at}/new`, '6869', 'hex'], tree: true },
    { call, args: ({ at }) => [`${at}/new`, 'aGk=', { encoding: 'base64' }], tree: true },
    { call, args: ({ at }) => [`${at}/new`, 'data', { flush: true }], tree: true },
    { call, args: ({ at }) => [`${at}/new`, 'data', null], tree: true },
  ]),
  ...[{ recursive: true }, { recursive: true, withFileTypes: true }, { withFileTypes: true }].flatMap(
    (options): CallCase[] =>
      ['', '/dir', '/dirlink', '/missing', '/file', '/empty'].map((place) => ({
        call: 'readdir',
        title: `'${place}', ${JSON.stringify(options)}`,
        // Node 20 calls back before it returns when recursive.
        forms:
          onNode20 && 'recursive' in options
            ? (['sync', 'promise'] as const)
            : (['sync', 'callback', 'promise'] as const),
        args: ({ at }) => [`${at}${place}`, options],
      })),
  ),
]

const trees: readonly (readonly [string, string])[] = [
  ['dir', 'new'],
  ['dir', 'empty'],
  ['file', 'new'],
  ['file', 'zero'],
  ['file', 'dir'],
  ['dir', 'file'],
  ['dir', 'dir/sub/x'],
  ['dir', 'dir'],
  ['file', 'file'],
  ['file', 'link'],
  ['link', 'new'],
  ['link', 'zero'],
  ['dirlink', 'new'],
  ['broken', 'new'],
  ['missing', 'new'],
  ['file', 'a/b/c'],
  ['dir', 'a/b/c'],
  ['link', 'dirlink'],
  ['dirlink', 'dirlink/sub'],
]

const ways: readonly object[] = [
  {},
  { recursive: true },
  { recursive: true, force: false },
  { recursive: true, force: false, errorOnExist: true },
  { recursive: true, dereference: true },
  { recursive: true, verbatimSymlinks: true },
  { recursive: true, preserveTimestamps: true },
  { recursive: true, mode: 1 },
]

/** Later Nodes word cpSync's errors in their binding, with other messages, and lose broken links. */
const cpForms = onNode20 ? (['sync', 'callback', 'promise'] as const) : (['callback', 'promise'] as const)

export const cpCases: readonly CallCase[] = [
  ...trees.flatMap(([from, to]) =>
    ways.map((options): CallCase => ({
      call: 'cp',
      // Node 20's cpSync gives a directory without `recursive` the errno of EINVAL.
      forms: onNode20 && from === 'dir' && !('recursive' in options) ? (['callback', 'promise'] as const) : cpForms,
      title: `'${from}', '${to}', ${JSON.stringify(options)}`,
      args: ({ at }) => [`${at}/${from}`, `${at}/${to}`, options],
      tree: true,
    })),
  ),
  {
    call: 'cp',
    title: 'with a filter',
    forms: cpForms,
    args: ({ at }) => [
      `${at}/dir`,
      `${at}/new`,
      { recursive: true, filter: (source: string) => !source.endsWith('a.txt') },
    ],
    tree: true,
  },
  {
    call: 'cp',
    title: 'with a filter that answers later',
    forms: ['callback', 'promise'],
    args: ({ at }) => [
      `${at}/dir`,
      `${at}/new`,
      { recursive: true, filter: async (source: string) => !source.endsWith('sub') },
    ],
    tree: true,
  },
  {
    call: 'cp',
    title: 'with a filter that promises',
    forms: onNode20 ? ['sync'] : [],
    args: ({ at }) => [`${at}/dir`, `${at}/new`, { recursive: true, filter: async () => true }],
    tree: true,
  },
]

const patterns = [
  '*',
  '**',
  '**/*',
  '*.txt',
  '**/*.txt',
  'dir/*',
  'dir/**',
  'dir/**/*.txt',
  '*/*.txt',
  'f*',
  '?ile',
  '[fz]*',
  '[!fz]*',
  '[a-m]*',
  'file',
  'missing',
  'dir/',
  'dir/sub/',
  '{file,zero}',
  '{a,b}.txt',
  'dir/{a,sub/b}.txt',
  '**/sub',
  '**/sub/*',
  './*',
  './dir/*',
  'dirlink/*',
  'dirlink/**',
  '+(f|i|l|e)',
  '@(file|zero)',
  '!(file)',
  '*(z)ero',
  '.*',
  '**/.*',
  'dir/../file',
  '**/../*',
  'd*/s*',
  '',
  '.',
  './',
  'file/',
  'file/*',
  'broken',
  'br*',
  '**/',
  '*/',
  'dir/**/',
  'dir/./a.txt',
  'dir//a.txt',
  '{1..3}',
  '[[:alpha:]]*',
]

export const globCases: readonly Case[] = [
  ...patterns.map((pattern): Case => globCase(`glob '${pattern}'`, pattern, {})),
  ...['**', 'dir/**', '*'].map((pattern): Case =>
    globCase(`glob '${pattern}' with file types`, pattern, { withFileTypes: true }),
  ),
  globCase('glob of several patterns', ['file', 'dir/*'], {}),
  globCase('glob excluding by pattern', '**', { exclude: ['dir/**'] }),
  globCase('glob excluding by name pattern', '**/*', { exclude: ['**/*.txt'] }),
  globCase('glob excluding by function', '**', { exclude: (name: string) => name === 'sub' }),
  ...[undefined, 5, null, {}, [5]].map((pattern): Case => globCase(`glob ${JSON.stringify(pattern)}`, pattern, {})),
  globCase('glob with bad options', '*', 5 as never),
  globCase('glob excluding a number', '*', { exclude: 5 }),
]

/** Absolute results and any order: Node promises neither. */
function globCase(title: string, pattern: unknown, options: object): Case {
  return {
    title,
    skip: !('globSync' in process.getBuiltinModule('node:fs')),
    run: ({ fs, at }: Side) => {
      for (const name of ['.hidden', 'dir/.dot']) fs.writeFileSync(`${at}/${name}`, '')
      const how = typeof options === 'object' ? { ...options, cwd: at } : options
      const found = fs.globSync(pattern as string, how as never) as unknown[]
      return [...found].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    },
  }
}
