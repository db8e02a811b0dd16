// isomorphic-git: a repository of 200 files, a branch, a checkout, and a clone from a real git server.

import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import git from 'isomorphic-git'
import http from 'isomorphic-git/http/node'
import { inventory, writeFiles } from './files.ts'
import type { FsModule, Program } from './program.ts'

const author = { name: 'A', email: 'a@example.org', timestamp: 1_700_000_000, timezoneOffset: 0 }

export const gitProgram: Program = {
  name: 'isomorphic-git',
  async run(fs, root) {
    const origin = await serveOrigin()
    try {
      return { repository: await makeRepository(fs, join(root, 'made')), clone: await clone(fs, root, origin.url) }
    } finally {
      await origin.close()
    }
  },
}

async function makeRepository(fs: FsModule, dir: string): Promise<unknown> {
  await git.init({ fs, dir, defaultBranch: 'main' })
  const names = Array.from({ length: 200 }, (_, i) => `src/d${i % 10}/file-${i}.txt`)
  await writeFiles(fs, dir, Object.fromEntries(names.map((name, i) => [name, `line ${i}\n`.repeat(i + 1)])))
  await git.add({ fs, dir, filepath: names })
  const first = await git.commit({ fs, dir, message: 'first', author })
  const clean = await git.statusMatrix({ fs, dir })
  await git.branch({ fs, dir, ref: 'other', checkout: true })
  await fs.promises.writeFile(join(dir, 'src/d1/file-1.txt'), 'changed\n')
  await fs.promises.unlink(join(dir, 'src/d2/file-2.txt'))
  const dirty = (await git.statusMatrix({ fs, dir })).filter(([, head, workdir]) => head !== workdir)
  await git.add({ fs, dir, filepath: 'src/d1/file-1.txt' })
  await git.remove({ fs, dir, filepath: 'src/d2/file-2.txt' })
  const second = await git.commit({ fs, dir, message: 'second', author })
  await git.checkout({ fs, dir, ref: 'main' })
  const onMain = await inventory(fs, join(dir, 'src'))
  await git.checkout({ fs, dir, ref: 'other' })
  const onOther = await inventory(fs, join(dir, 'src'))
  const log = (await git.log({ fs, dir })).map(({ oid }) => oid)
  return {
    first,
    second,
    clean: clean.length,
    dirty,
    onMain,
    onOther,
    log,
    branches: await git.listBranches({ fs, dir }),
  }
}

async function clone(fs: FsModule, root: string, url: string): Promise<unknown> {
  const dir = join(root, 'cloned')
  await git.clone({ fs, http, dir, url, singleBranch: true })
  const status = (await git.statusMatrix({ fs, dir })).filter(([, head, workdir]) => head !== workdir)
  const log = (await git.log({ fs, dir })).map(({ commit }) => commit.message)
  return { status, log, files: await inventory(fs, join(dir, 'lib')) }
}

/** A bare repository behind git's own HTTP back-end. */
async function serveOrigin(): Promise<{ url: string; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'bucketfs-origin-'))
  const work = join(folder, 'work')
  const run = (...args: string[]): void => void execFileSync('git', args, { cwd: folder, env: gitEnvironment })
  run('init', '-q', '-b', 'main', work)
  mkdirSync(join(work, 'lib/deep/er'), { recursive: true })
  writeFileSync(join(work, 'lib/deep/er/text'), 'deep\n')
  for (let i = 0; i < 50; i++) writeFileSync(join(work, 'lib', `generated-${i}`), `${i}\n`.repeat(i * 20))
  run('-C', work, 'add', '.')
  run('-C', work, 'commit', '-q', '-m', 'origin')
  run('clone', '-q', '--bare', work, join(folder, 'origin.git'))
  const server = createServer((request, response) => answer(folder, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/origin.git`,
    close: async () => {
      await closed(server)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const gitEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: tmpdir(),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.org',
}

/** CGI (RFC 3875) as far as git needs it: headers, an empty line, the body. */
function answer(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...gitEnvironment,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      GIT_PROTOCOL: request.headers['git-protocol'] as string | undefined,
    },
  })
  request.pipe(backend.stdin)
  let head = Buffer.alloc(0)
  const onHead = (data: Buffer): void => {
    head = Buffer.concat([head, data])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    backend.stdout.off('data', onHead)
    for (const line of head.subarray(0, end).toString().split('\r\n')) {
      const [name = '', value = ''] = line.split(/: (.*)/)
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10)
      else response.setHeader(name, value)
    }
    response.write(head.subarray(end + 4))
    backend.stdout.pipe(response)
  }
  backend.stdout.on('data', onHead)
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
