// Runs the same call on our fs and on the real node:fs and compares everything a caller can see: results, callback
// arguments, and of errors the name, code, errno, syscall, path, dest and message; then the tree that is left. The
// control runs beside the subject, so that the suite is right on every version of Node.

import nodeFs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { inspect, isDeepStrictEqual, types } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

export type Fs = typeof nodeFs
export type Form = 'sync' | 'callback' | 'promise'

export interface Subject {
  readonly fs: Fs
  /** An existing empty directory of the subject, absolute. */
  readonly root: string
  readonly close?: () => Promise<void>
}

/** Node 20: some of its quirks are not copied, and its own calls are not the measure there. */
export const onNode20: boolean = Number(process.versions.node.split('.')[0]) < 22

export interface Side {
  readonly fs: Fs
  /** A fresh directory with the starting tree. */
  readonly at: string
}

export interface Case {
  readonly title: string
  readonly run: (side: Side) => unknown
  /** Starts from a fresh tree, and compares what is left of it; else cases share one tree and leave it alone. */
  readonly tree?: boolean
  readonly skip?: boolean
}

/** A call by name, in all of its forms. */
export interface CallCase {
  readonly call: string
  readonly args: (side: Side) => readonly unknown[]
  readonly title?: string
  readonly forms?: readonly Form[]
  /** Runs before the call, on a fresh tree. */
  readonly before?: (side: Side) => void
  readonly tree?: boolean
}

/** The tree every case starts from. */
function plant({ fs, at }: Side): void {
  fs.mkdirSync(`${at}/dir/sub`, { recursive: true })
  fs.mkdirSync(`${at}/empty`)
  fs.writeFileSync(`${at}/file`, 'hello world')
  fs.writeFileSync(`${at}/dir/a.txt`, 'aaa')
  fs.writeFileSync(`${at}/dir/sub/b.txt`, 'bbbb')
  fs.writeFileSync(`${at}/zero`, '')
  fs.symlinkSync('file', `${at}/link`)
  fs.symlinkSync('dir', `${at}/dirlink`)
  fs.symlinkSync('nowhere', `${at}/broken`)
  fs.symlinkSync('loop', `${at}/loop`)
}

/** Cases in which a subject means to differ from the control, and why. */
export interface Exception {
  readonly titles: RegExp
  readonly why: string
}

export function compareWithNode(
  title: string,
  makeSubject: () => Promise<Subject>,
  cases: readonly Case[],
  exceptions: readonly Exception[] = [],
): void {
  describe(title, () => {
    let subject: Subject
    let control: Subject
    let count = 0

    beforeAll(async () => {
      subject = await makeSubject()
      control = { fs: nodeFs, root: nodeFs.mkdtempSync(join(tmpdir(), 'fs-control-')) }
    })

    afterAll(async () => {
      await subject.close?.()
      nodeFs.rmSync(control.root, { recursive: true, force: true })
    })

    const sideOf = ({ fs, root }: Subject, number: number): Side => {
      const side = { fs, at: `${root}/c${number}` }
      if (number === 0 && fs.existsSync(side.at)) return side
      fs.mkdirSync(side.at)
      plant(side)
      return side
    }

    async function both(one: Case): Promise<readonly [ours: unknown, nodes: unknown]> {
      const number = one.tree ? ++count : 0
      return [await look(one, sideOf(subject, number)), await look(one, sideOf(control, number))]
    }

    for (const { titles, why } of exceptions) {
      const excepted = cases.filter((one) => titles.test(one.title))
      it(`an exception of ${excepted.length} cases like ${titles.source} is still one: ${why}`, async () => {
        const outcomes: (readonly [unknown, unknown])[] = []
        for (const one of excepted) outcomes.push(await both(one))
        expect(outcomes.some(([ours, nodes]) => !isDeepStrictEqual(ours, nodes))).toBe(true)
      })
    }

    for (const one of cases) {
      if (exceptions.some(({ titles }) => titles.test(one.title))) continue
      it.skipIf(one.skip ?? false)(one.title, async () => {
        const [ours, nodes] = await both(one)
        expect(ours, `ours ${shown(ours)}\nnode ${shown(nodes)}\n`).toEqual(nodes)
      })
    }
  })
}

const allForms: readonly Form[] = ['sync', 'callback', 'promise']

/** The cases of a call: one per form; or with 'rotating' one in all, each in another form than the one before. */
export function callCases(list: readonly CallCase[], how: 'all' | 'rotating' = 'all'): Case[] {
  return list.flatMap((one, index) => {
    const forms = one.forms ?? allForms
    return (how === 'all' ? forms : forms.slice(index % forms.length).slice(0, 1)).map((form) => {
      const shown =
        one.title ??
        one
          .args({ fs: nodeFs, at: '$' })
          .map((arg) => brief(arg))
          .join(', ')
      const name =
        form === 'sync' ? `${one.call}Sync` : form === 'promise' ? `promises.${one.call}` : `${one.call} callback`
      return {
        title: `${name}(${shown})`,
        tree: one.tree ?? false,
        run: (side: Side) => {
          one.before?.(side)
          return invoke(side, one.call, one.args(side), form)
        },
      }
    })
  })
}

function invoke({ fs }: Side, call: string, args: readonly unknown[], form: Form): unknown {
  const owner = (form === 'promise' ? fs.promises : fs) as unknown as Record<string, (...args: unknown[]) => unknown>
  if (form === 'sync') return (owner[`${call}Sync`] as (...args: unknown[]) => unknown)(...args)
  const run = owner[call] as (...args: unknown[]) => unknown
  if (form === 'promise') return run(...args)
  return new Promise((resolve, reject) => {
    let returned = false
    run(...args, (...results: unknown[]) => {
      if (!returned && fs !== nodeFs) reject(new Error('the callback was called before the call returned'))
      resolve({ called: results })
    })
    returned = true
  })
}

async function look(one: Case, side: Side): Promise<unknown> {
  const outcome = await settle(() => one.run(side), side)
  return one.tree ? { outcome, tree: treeOf(side) } : outcome
}

/** What came of a call, as plain data without the root's own name. */
export async function settle(run: () => unknown, side: Side): Promise<unknown> {
  let result: unknown
  let how = 'returned'
  try {
    result = run()
    if (types.isPromise(result)) {
      how = 'resolved'
      result = await result
    }
  } catch (error) {
    return { [how === 'returned' ? 'threw' : 'rejected']: plain(error, side) }
  }
  return { [how]: plain(result, side) }
}

/** Names, types, modes, contents and targets of everything below. */
function treeOf({ fs, at }: Side): Record<string, string> {
  const tree: Record<string, string> = {}
  const visit = (path: string, shown: string): void => {
    for (const name of fs.readdirSync(path).sort()) {
      const stats = fs.lstatSync(`${path}/${name}`)
      const mode = (stats.mode & 0o7777).toString(8)
      const key = `${shown}${name}`
      if (stats.isDirectory()) {
        tree[key] = `directory ${mode}`
        visit(`${path}/${name}`, `${key}/`)
      } else if (stats.isSymbolicLink()) tree[key] = `-> ${fs.readlinkSync(`${path}/${name}`).replaceAll(at, '$')}`
      else tree[key] = `file ${mode} ${JSON.stringify(fs.readFileSync(`${path}/${name}`, 'latin1').slice(0, 100))}`
    }
  }
  visit(at, '')
  return tree
}

function plain(value: unknown, side: Side): unknown {
  const { at } = side
  if (typeof value === 'string')
    return value
      .replaceAll(at, '$')
      .replaceAll(dirname(at), '^')
      .replace(/t-\w{6}\b/g, 't-XXXXXX')
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? `${value}n` : value
  if (value instanceof Error) {
    const { name, code, errno, syscall, path, dest, message } = value as NodeJS.ErrnoException & { dest?: string }
    return { error: plain({ name, code, errno, syscall, path, dest, message }, side) }
  }
  if (Buffer.isBuffer(value)) return { buffer: value.toString('latin1').replaceAll(at, '$') }
  if (value instanceof nodeFs.Dirent)
    return { dirent: plain(value.name, side), parentPath: plain(value.parentPath, side), type: typeNames(value) }
  if (typeof (value as nodeFs.Stats).isFile === 'function') return plainStats(value as nodeFs.Stats)
  if (Array.isArray(value)) return value.map((one) => plain(one, side))
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('latin1').replaceAll(at, '$') }
  if (ArrayBuffer.isView(value)) return inspect(value)
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
    return { instanceOf: (value as object).constructor.name }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one, side)]))
}

function plainStats(stats: nodeFs.Stats | nodeFs.BigIntStats): unknown {
  return {
    stats: stats.constructor.name,
    keys: Object.keys(stats),
    mode: String(stats.mode),
    size: stats.isDirectory() ? 'of a directory' : String(stats.size),
    type: typeNames(stats as nodeFs.Stats),
    dates: types.isDate(stats.mtime),
  }
}

function typeNames(one: nodeFs.Dirent | nodeFs.Stats): string {
  const tests = [
    'isFile',
    'isDirectory',
    'isSymbolicLink',
    'isFIFO',
    'isSocket',
    'isBlockDevice',
    'isCharacterDevice',
  ] as const
  return tests.filter((test) => one[test]()).join()
}

function shown(value: unknown): string {
  return inspect(value, { depth: 9, breakLength: Infinity, compact: true })
}

function brief(value: unknown): string {
  const text = Buffer.isBuffer(value)
    ? `Buffer ${JSON.stringify(value.toString())}`
    : inspect(value, { breakLength: Infinity })
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
