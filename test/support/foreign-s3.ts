// Starts S3 servers that are not ours and runs a command with `BUCKETFS_TEST_S3` naming them:
//
//   node --import tsx test/support/foreign-s3.ts versitygw moto -- npx vitest run --config test/vitest.config.ts test/contract/store-foreign.test.ts
//
// Without a command it prints the variable and serves until it is interrupted. What is missing is installed once, below
// BUCKETFS_FOREIGN_DIR (default: a folder in the system's temporary directory): versitygw and MinIO by
// `go install`, moto by pip. The first two check signatures; versitygw keeps its metadata in xattrs of that folder. MinIO's
// writes hold their conditions in one step, versitygw's do not. All listen on loopback only.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

/** One entry of `BUCKETFS_TEST_S3`. */
export interface ForeignServer {
  readonly name: string
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

const versions = { versitygw: 'v1.7.0', minio: 'v0.0.0-20260212201848-7aac2a2c5b7c', moto: '5.2.5' }
const readyMsMax = 60_000
const keys = { accessKeyId: 'foreign-test', secretAccessKey: 'foreign-test-secret' }
const home = process.env['BUCKETFS_FOREIGN_DIR'] ?? join(tmpdir(), 'bucketfs-foreign-s3')

const servers: Readonly<Record<string, (port: number, folder: string) => ChildProcess>> = {
  versitygw(port, folder) {
    const program = join(home, 'versitygw')
    if (!existsSync(program)) goInstall(`github.com/versity/versitygw/cmd/versitygw@${versions.versitygw}`)
    const { accessKeyId, secretAccessKey } = keys
    const env = { ...process.env, ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: secretAccessKey }
    const options = ['--port', `127.0.0.1:${port}`, '--keep-alive', '--quiet']
    return spawn(program, [...options, 'posix', folder], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  },
  minio(port, folder) {
    const program = join(home, 'minio')
    if (!existsSync(program)) goInstall(`github.com/minio/minio@${versions.minio}`)
    const { accessKeyId, secretAccessKey } = keys
    const env = {
      ...process.env,
      MINIO_ROOT_USER: accessKeyId,
      MINIO_ROOT_PASSWORD: secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    }
    return spawn(program, ['server', '--quiet', '--address', `127.0.0.1:${port}`, folder], { env, stdio: 'ignore' })
  },
  moto(port) {
    const venv = join(home, 'moto')
    const program = join(venv, 'bin', 'moto_server')
    if (!existsSync(program)) {
      run('python3', ['-m', 'venv', venv])
      run(join(venv, 'bin', 'pip'), ['install', '--quiet', `moto[server]==${versions.moto}`])
    }
    return spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  },
}

const split = process.argv.indexOf('--')
const names = process.argv.slice(2, split < 0 ? undefined : split)
const command = split < 0 ? [] : process.argv.slice(split + 1)
await mkdir(home, { recursive: true })
const scratch = await mkdtemp(join(home, 'data-'))
const children: ChildProcess[] = []
try {
  const started: ForeignServer[] = []
  for (const name of names.length > 0 ? names : Object.keys(servers)) started.push(await start(name))
  process.exitCode = await serve(JSON.stringify(started))
} finally {
  for (const child of children) child.kill()
  await rm(scratch, { recursive: true, force: true })
}

async function start(name: string): Promise<ForeignServer> {
  const launch = servers[name]
  if (!launch) throw new Error(`no recipe for ${name}: one of ${Object.keys(servers).join(', ')}`)
  const folder = join(scratch, name)
  await mkdir(folder)
  const port = await freePort()
  const child = launch(port, folder)
  children.push(child)
  const server = { name, endpoint: `http://127.0.0.1:${port}`, bucket: 'bucketfs-test', region: 'us-east-1', ...keys }
  await createBucket(server, child)
  return server
}

/** The first request that is answered is the one that makes the bucket. */
async function createBucket(server: ForeignServer, child: ChildProcess): Promise<void> {
  const { accessKeyId, bucket, endpoint, region, secretAccessKey } = server
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  for (const untilMs = Date.now() + readyMsMax; ;) {
    try {
      await client.send(new CreateBucketCommand({ Bucket: bucket }))
      return client.destroy()
    } catch (error) {
      if (child.exitCode !== null || Date.now() > untilMs)
        throw new Error(`${server.name} does not serve`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

async function serve(value: string): Promise<number> {
  const [program, ...args] = command
  if (program === undefined) {
    console.log(`BUCKETFS_TEST_S3='${value}'`)
    await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
    return 0
  }
  const child = spawn(program, args, { env: { ...process.env, BUCKETFS_TEST_S3: value }, stdio: 'inherit' })
  return new Promise((resolve, reject) => child.once('error', reject).once('exit', (code) => resolve(code ?? 1)))
}

function goInstall(module: string): void {
  run('go', ['install', module], { GOBIN: home, GOFLAGS: '-mod=mod', GOSUMDB: process.env['GOSUMDB'] ?? 'off' })
}

function run(program: string, args: readonly string[], env: Record<string, string> = {}): void {
  const { status, error } = spawnSync(program, args, { env: { ...process.env, ...env }, stdio: 'inherit' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`, { cause: error })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
