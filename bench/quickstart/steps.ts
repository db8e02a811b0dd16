// What the quickstart shows, step by step: programs nobody changed, working in a bucket.

import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { existsSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import git from 'isomorphic-git'
import ts from 'typescript-5'
import type { OpenedVolume } from '../../src/index.ts'
import type { ServedBucket } from '../../test/support/served-bucket.ts'

export interface StepContext {
  readonly volume: OpenedVolume
  readonly served: ServedBucket
  /** Prefix of the volume in the bucket. */
  readonly prefix: string
}

export interface Step {
  readonly title: string
  /** Gives a line that says what was found. */
  run(context: StepContext): Promise<string>
}

const largeBytes = 64 * 1024 * 1024
const sourceCount = 60

export const steps: readonly Step[] = [
  { title: 'commit a git repository into the bucket', run: commitRepository },
  { title: 'type-check a TypeScript project from it, synchronously', run: checkProject },
  { title: 'type-check it again, warm', run: checkProject },
  { title: `stream ${largeBytes / 1024 / 1024} MiB into a file`, run: writeLarge },
  { title: 'read it back and compare', run: readLarge },
  { title: 'read the same objects through the plain AWS SDK', run: readBySdk },
]

async function commitRepository({ volume }: StepContext): Promise<string> {
  const { fs } = volume
  const dir = '/project'
  await fs.promises.mkdir(`${dir}/src`, { recursive: true })
  await Promise.all(
    Array.from({ length: sourceCount }, (_, i) => {
      const before = i > 0 ? `import { v${i - 1} } from './f${i - 1}.js'\n` : ''
      const value = i > 0 ? `v${i - 1} + 1` : '1'
      const text = `${before}export const v${i}: number = ${i === 40 ? '"wrong"' : value}\n`
      return fs.promises.writeFile(`${dir}/src/f${i}.ts`, text)
    }),
  )
  await git.init({ fs, dir, defaultBranch: 'main' })
  await git.add({ fs, dir, filepath: '.' })
  const author = { name: 'Quick Start', email: 'quickstart@example.org' }
  const commit = await git.commit({ fs, dir, message: 'A project in a bucket', author })
  const matrix = await git.statusMatrix({ fs, dir })
  const clean = matrix.every(([, head, workdir, stage]) => head === 1 && workdir === 1 && stage === 1)
  return `commit ${commit.slice(0, 10)}, ${matrix.length} files, working tree ${clean ? 'clean' : 'NOT CLEAN'}`
}

async function checkProject({ volume }: StepContext): Promise<string> {
  const { fs } = volume
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  }
  const names = fs.readdirSync('/project/src').map((name) => `/project/src/${name}`)
  const program = ts.createProgram(names, options, hostOver(fs, options))
  const [error] = ts.getPreEmitDiagnostics(program)
  if (!error?.file) throw new Error('the planted error was not found')
  const { line } = error.file.getLineAndCharacterOfPosition(error.start ?? 0)
  return `${names.length} files checked, the planted error found in ${error.file.fileName}:${line + 1}`
}

const libFolder = dirname(createRequire(import.meta.url).resolve('typescript-5'))

/** The compiler's own library comes from the real disk, everything else by synchronous calls from the bucket. */
function hostOver(fs: typeof import('node:fs'), options: ts.CompilerOptions): ts.CompilerHost {
  const isLib = (path: string): boolean => path.startsWith(libFolder) && existsSync(path)
  const readFile = (path: string): string | undefined => {
    if (isLib(path)) return readFileSync(path, 'utf8')
    return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : undefined
  }
  return {
    readFile,
    fileExists: (path) => isLib(path) || fs.existsSync(path),
    directoryExists: (path) => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
    getSourceFile: (path, target) => {
      const text = readFile(path)
      return text === undefined ? undefined : ts.createSourceFile(path, text, target)
    },
    writeFile: () => undefined,
    getDefaultLibFileName: () => join(libFolder, ts.getDefaultLibFileName(options)),
    getCurrentDirectory: () => '/project',
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
  }
}

/** Bytes that compress badly and can be made again: hashes of a counter. */
function* largeContents(): Generator<Buffer> {
  const piece = createHash('sha512').update('bucketfs').digest()
  const step = Buffer.alloc(1024 * 1024)
  for (let offset = 0; offset < largeBytes; offset += step.length) {
    for (let at = 0; at < step.length; at += piece.length) piece.copy(step, at)
    step.writeUInt32BE(offset / step.length, 0)
    yield Buffer.from(step)
  }
}

async function writeLarge({ volume }: StepContext): Promise<string> {
  await pipeline(Readable.from(largeContents()), volume.fs.createWriteStream('/large.bin'))
  return `${(await volume.fs.promises.stat('/large.bin')).size} bytes`
}

async function readLarge({ volume }: StepContext): Promise<string> {
  const [expected, found] = [createHash('sha256'), createHash('sha256')]
  for (const data of largeContents()) expected.update(data)
  await pipeline(volume.fs.createReadStream('/large.bin'), found)
  const same = expected.digest('hex') === found.digest('hex')
  if (!same) throw new Error('the file came back different')
  return 'every byte the same'
}

async function readBySdk({ volume, served, prefix }: StepContext): Promise<string> {
  const client = new S3Client({
    endpoint: served.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  })
  try {
    const Prefix = `${prefix}project/src/`
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: served.bucket, Prefix }))
    for (const { Key = '' } of Contents.filter((object) => object.Key !== Prefix)) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: served.bucket, Key }))
      const text = await Body?.transformToString()
      if (text !== (await volume.fs.promises.readFile(`/${Key.slice(prefix.length)}`, 'utf8')))
        throw new Error(`${Key} differs`)
    }
    return `${Contents.length} objects by their plain keys, all as the volume shows them`
  } finally {
    client.destroy()
  }
}
