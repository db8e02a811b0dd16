// Arguments Node refuses: every operation with every kind of bad path, option, mode, flag, time, owner and descriptor.

import type { CallCase, Form, Side } from './fs-compare.ts'

type Args = (side: Side) => readonly unknown[]

const badPaths: readonly unknown[] = [
  undefined,
  null,
  7,
  true,
  {},
  [],
  'a\0b',
  Buffer.from('a\0b'),
  new URL('http://example.com/x'),
  new URL('file://host/x'),
  new URL('file:///a%2fb'),
  Symbol('path'),
  () => {},
  new Float64Array(2),
]

/** One path first, then these. */
const onePath: Readonly<Record<string, readonly unknown[]>> = {
  access: [],
  appendFile: ['x'],
  chmod: [0o600],
  chown: [-1, -1],
  lchown: [-1, -1],
  lstat: [],
  lutimes: [1, 1],
  mkdir: [],
  mkdtemp: [],
  opendir: [],
  readdir: [],
  readFile: [],
  readlink: [],
  rm: [],
  rmdir: [],
  stat: [],
  statfs: [],
  truncate: [],
  unlink: [],
  utimes: [1, 1],
  writeFile: ['x'],
}

const twoPaths = ['copyFile', 'link', 'rename', 'symlink', 'cp']

/** realpath and truncate take numbers and objects in ways that differ by version. */
const lenient = new Set(['realpath', 'truncate', 'readFile', 'writeFile', 'appendFile'])

export const badPathCases: readonly CallCase[] = [
  ...Object.entries(onePath).flatMap(([call, rest]) =>
    badPaths
      .filter((path) => !(lenient.has(call) && (typeof path === 'number' || typeof path === 'symbol')))
      .map((path) => ({ call, args: () => [path, ...rest] })),
  ),
  ...twoPaths.flatMap((call) =>
    badPaths.flatMap((path) => [
      { call, args: (({ at }) => [path, `${at}/x`]) as Args },
      { call, args: (({ at }) => [`${at}/file`, path]) as Args },
    ]),
  ),
  ...badPaths.map((path) => ({ call: 'open', args: () => [path] })),
]

const values = (
  call: string,
  list: readonly unknown[],
  args: (value: unknown) => Args,
  forms?: readonly Form[],
): CallCase[] =>
  list.map((value) => ({ call, args: args(value), tree: changing.has(call), ...(forms ? { forms } : {}) }))

/** These may succeed with some of the values. */
const changing = new Set([
  'cp',
  'rm',
  'rmdir',
  'mkdir',
  'open',
  'writeFile',
  'appendFile',
  'truncate',
  'symlink',
  'copyFile',
  'mkdtemp',
])

const badEncodings = ['latin-1', 'nope', 5, {}]
const badModes = ['', '9', '0o7', 'rwx', -1, 2 ** 32, 1.5, NaN, {}, [], true]
const badFlags = ['', 'q', 'wr', 'rr', 'w++', {}, 1.5, 2 ** 31, true]
const badTimes = [undefined, null, 'soon', '', {}, NaN, Infinity, -Infinity, true, '12', '1e3', -5]
const badOwners = [undefined, null, '1', -2, 2 ** 32, 1.5, NaN, {}]
const badOptions = [5, true, Symbol('o')]

export const badOptionCases: readonly CallCase[] = [
  ...['readdir', 'readlink', 'mkdtemp', 'readFile', 'opendir'].flatMap((call) => [
    ...values(call, badEncodings, (encoding) => ({ at }) => [`${at}/nope`, { encoding }]),
    ...values(call, ['nope', 5, true], (options) => ({ at }) => [`${at}/nope`, options]),
  ]),
  ...['writeFile', 'appendFile'].flatMap((call) => [
    ...values(call, badEncodings, (encoding) => ({ at }) => [`${at}/x`, 'd', { encoding }]),
    ...values(call, badOptions, (options) => ({ at }) => [`${at}/x`, 'd', options]),
    ...values(call, ['yes', 1, null], (flush) => ({ at }) => [`${at}/x`, 'd', { flush }]),
    ...values(call, badFlags, (flag) => ({ at }) => [`${at}/x`, 'd', { flag }]),
    ...values(call, badModes, (mode) => ({ at }) => [`${at}/x`, 'd', { mode }]),
    ...values(call, [undefined, null, 5, true, Symbol('d')], (data) => ({ at }) => [`${at}/x`, data]),
    ...values(call, [5, {}, null], (signal) => ({ at }) => [`${at}/x`, 'd', { signal }]),
  ]),
  ...values('readFile', badFlags, (flag) => ({ at }) => [`${at}/file`, { flag }]),
  ...values('readFile', [5, {}, null], (signal) => ({ at }) => [`${at}/file`, { signal }]),
  ...values('mkdir', badModes, (mode) => ({ at }) => [`${at}/x`, { mode }]),
  ...values('mkdir', ['9', -1, 1.5], (mode) => ({ at }) => [`${at}/x`, mode]),
  ...values('mkdir', [1, 'yes', null], (recursive) => ({ at }) => [`${at}/x`, { recursive }]),
  ...values('chmod', [undefined, null, ...badModes], (mode) => ({ at }) => [`${at}/file`, mode]),
  ...values('open', badModes, (mode) => ({ at }) => [`${at}/x`, 'w', mode]),
  ...values('open', badFlags, (flags) => ({ at }) => [`${at}/file`, flags, 0o666]),
  ...['utimes', 'lutimes'].flatMap((call) => [
    ...values(call, badTimes, (time) => ({ at }) => [`${at}/file`, time, 1]),
    ...values(call, badTimes, (time) => ({ at }) => [`${at}/file`, 1, time]),
  ]),
  ...['chown', 'lchown'].flatMap((call) => [
    ...values(call, badOwners, (uid) => ({ at }) => [`${at}/file`, uid, -1]),
    ...values(call, badOwners, (gid) => ({ at }) => [`${at}/file`, -1, gid]),
  ]),
  ...values('truncate', ['1', 1.5, NaN, {}, null, -3], (length) => ({ at }) => [`${at}/file`, length]),
  ...values('symlink', [5, 'socket', {}, ''], (type) => ({ at }) => ['file', `${at}/x`, type]),
  ...values('access', [8, -1, 1.5, '1', {}], (mode) => ({ at }) => [`${at}/file`, mode]),
  ...values('copyFile', [8, -1, 1.5, '1', {}], (mode) => ({ at }) => [`${at}/file`, `${at}/x`, mode]),
  ...['recursive', 'force'].flatMap((name) =>
    values('rm', [1, 'yes', null], (value) => ({ at }) => [`${at}/file`, { [name]: value }]),
  ),
  ...values('rm', [-1, 1.5, 'a', null], (retryDelay) => ({ at }) => [`${at}/file`, { retryDelay }]),
  ...values('rm', [-1, 1.5, 'a', null], (maxRetries) => ({ at }) => [`${at}/file`, { maxRetries }]),
  ...values('rm', [5, 'x', null, []], (options) => ({ at }) => [`${at}/file`, options]),
  ...values('rmdir', [5, 'x', null, []], (options) => ({ at }) => [`${at}/empty`, options]),
  ...values(
    'readdir',
    [1, 'yes'],
    (recursive) =>
      ({ at }) => [`${at}/dir`, { recursive }],
    ['sync', 'callback'],
  ),
  ...values(
    'opendir',
    [0, -1, 1.5, '1', null],
    (bufferSize) =>
      ({ at }) => [`${at}/dir`, { bufferSize }],
    ['sync'],
  ),
  ...['dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks'].flatMap((name) =>
    values('cp', [1, 'yes', null], (value) => ({ at }) => [`${at}/file`, `${at}/x`, { [name]: value }]),
  ),
  ...values('cp', [5, 'x', null, []], (options) => ({ at }) => [`${at}/file`, `${at}/x`, options]),
  ...values('cp', [8, -1, 'x'], (mode) => ({ at }) => [`${at}/file`, `${at}/x`, { mode }]),
  ...values('cp', [8, 'x', null], (filter) => ({ at }) => [`${at}/file`, `${at}/x`, { filter }]),
  { call: 'cp', args: ({ at }) => [`${at}/file`, `${at}/x`, { dereference: true, verbatimSymlinks: true }] },
]

const badFds = [undefined, null, '1', -1, 1.5, 2 ** 31, NaN, {}, [], true]
const closedFd = 987_654

const byFd: Readonly<Record<string, readonly unknown[]>> = {
  close: [],
  fchmod: [0o600],
  fchown: [-1, -1],
  fdatasync: [],
  fstat: [],
  fsync: [],
  ftruncate: [0],
  futimes: [1, 1],
  read: [Buffer.alloc(4), 0, 4, 0],
  readv: [[Buffer.alloc(4)], 0],
  write: ['x'],
  writev: [[Buffer.from('x')]],
}

export const badDescriptorCases: readonly CallCase[] = Object.entries(byFd).flatMap(([call, rest]) => [
  ...values(call, badFds, (fd) => () => [fd, ...rest], ['sync', 'callback']),
  { call, args: () => [closedFd, ...rest], forms: ['sync', 'callback'] },
])
