// Who is compared: our volume, the real disk in memory, memfs, and the bucket by hand.

import { mkdtempSync, rmSync } from 'node:fs'
import nodeFs from 'node:fs'
import { join } from 'node:path'
import { Agent } from 'node:http'
import { S3Client } from '@aws-sdk/client-s3'
import { createFsFromVolume, Volume } from 'memfs'
import type { OpenedVolume, OpenVolumeOptions } from '../../src/index.ts'
import { systemClock } from '../../src/base/system.ts'
import { createS3Store } from '../../src/store/s3/s3-store.ts'
import { fullCapabilities, type ObjectStore } from '../../src/store/store.ts'
import { bucketName, keys, type BenchServer } from './server.ts'

export type FsModule = typeof import('node:fs')

export interface FsContender {
  readonly name: string
  readonly fs: FsModule
  readonly root: string
  close(): void
}

/** The built package: what users run. */
export async function openBuilt(
  server: BenchServer,
  prefix: string,
  options: OpenVolumeOptions = {},
): Promise<OpenedVolume> {
  const { openVolume } = (await import('bucketfs')) as typeof import('../../src/index.ts')
  const { endpoint } = server
  return openVolume(`s3://${bucketName}/${prefix}`, { endpoint, region: 'us-east-1', credentials: keys, ...options })
}

export function tmpfs(): FsContender {
  const root = mkdtempSync('/dev/shm/bucketfs-bench-')
  return { name: 'node:fs on tmpfs', fs: nodeFs, root, close: () => rmSync(root, { recursive: true }) }
}

export function memfs(): FsContender {
  const fs = createFsFromVolume(new Volume()) as unknown as FsModule
  fs.mkdirSync('/bench')
  return { name: 'memfs', fs, root: '/bench', close: () => undefined }
}

export function onVolume(volume: OpenedVolume, root: string): FsContender {
  return { name: 'bucketfs', fs: volume.fs, root, close: () => undefined }
}

/** The AWS SDK by hand, with enough sockets. */
export function sdkClient(server: BenchServer, socketsMax = 256): S3Client {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: socketsMax })
  return new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: keys,
    requestHandler: { httpAgent },
  })
}

/** Our own signed requests without a volume over them. */
export function rawStore(server: BenchServer): ObjectStore {
  const { endpoint } = server
  return createS3Store({
    bucket: bucketName,
    endpoint,
    region: 'us-east-1',
    credentials: keys,
    capabilities: fullCapabilities,
    clock: systemClock,
  })
}

/** `count` tasks, `limit` at once. */
export async function inFlight(count: number, limit: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) await task(next++)
  }
  await Promise.all(Array.from({ length: limit }, work))
}

/** A hundred to a directory, in the order in which listings show them. */
export function smallName(root: string, index: number): string {
  return join(root, `d${twoDigits(Math.floor(index / 100))}`, `f${twoDigits(index % 100)}`)
}

function twoDigits(index: number): string {
  return String(index).padStart(2, '0')
}
