// The bucket of a plan as the volume gets it: made, probed, wrapped. What a probe found is kept for a while, since it costs
// some 45 requests; a bucket that denied the probe's write is asked again next time.

import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { wallMs } from '../../base/clock.ts'
import { VolumeError } from '../../base/errors.ts'
import { systemRandom } from '../../base/system.ts'
import { composeStore } from '../../store/compose.ts'
import type { ComposedStore } from '../../store/compose.ts'
import { createDirectoryStore } from '../../store/directory.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { probeCapabilities } from '../../store/probe/probe.ts'
import { createS3Store } from '../../store/s3/s3-store.ts'
import type { ObjectStore, StoreCapabilities } from '../../store/store.ts'
import type { VolumeParts } from './parts.ts'
import type { VolumePlan } from './plan.ts'
import type { S3Url } from './volume-url.ts'

/** Providers change slowly, but an upgraded server should be noticed within a day. */
const probeKeptMs = 24 * 3_600_000
/** Bumped when the probe learns to ask something new. */
const probeVersion = 1

export interface OpenedBucket extends ComposedStore {
  /** Calls whose condition was checked by a look of our own. */
  unsafeCount(): number
  /** The bucket denied writing. */
  readonly deniesWrites: boolean
}

/** StoreError when it cannot be reached or read. */
export async function openBucket(plan: VolumePlan, parts: VolumeParts): Promise<OpenedBucket> {
  const { clock, log } = parts
  const { settings, url, label } = plan
  let unsafeCount = 0
  const base = await openBase(plan, parts)
  const { capabilities } = base
  warnOfGaps(capabilities, parts, label)
  const deniesWrites = capabilities.readOnly === true
  if (deniesWrites && !settings.readOnly)
    log.warn('the bucket denies writing: the volume is read-only', { volume: label })
  const composed = composeStore(base, {
    clock,
    random: systemRandom,
    prefix: url.kind === 's3' ? url.prefix : '',
    readOnly: settings.readOnly || deniesWrites,
    requestCountMax: settings.requestCountMax,
    onUnsafe: () => unsafeCount++,
  })
  return { ...composed, unsafeCount: () => unsafeCount, deniesWrites }
}

async function openBase(plan: VolumePlan, parts: VolumeParts): Promise<ObjectStore> {
  const { url } = plan
  if (parts.store) return parts.store
  switch (url.kind) {
    case 'memory':
      return createMemoryStore({ clock: parts.clock })
    case 'file':
      return createDirectoryStore({ root: url.root, clock: parts.clock })
    case 's3':
      return openS3(plan, url, parts)
    case 'disk':
      throw new VolumeError('ENOTSUP', {
        message: `disk:${url.name} needs a platform server, which this version cannot reach; open the bucket itself by s3://`,
      })
  }
}

async function openS3(plan: VolumePlan, url: S3Url, { clock, log, credentials }: VolumeParts): Promise<ObjectStore> {
  const store = createS3Store({ ...plan.s3, bucket: url.bucket, credentials, clock, logger: log })
  try {
    const kept = plan.settings.readOnly ? undefined : await readKept(plan, url, wallMs(clock))
    if (kept) {
      // Still one request, so that a missing bucket or a refused key is told at open.
      await store.list({ prefix: url.prefix, maxKeys: 1, purpose: 'probe' })
      store.adopt(kept)
      return store
    }
    const found = await probeCapabilities(store, { random: systemRandom, prefix: url.prefix })
    store.adopt(found)
    if (!found.readOnly) await keep(plan, url, found, wallMs(clock))
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

interface KeptProbe {
  readonly version: number
  readonly atMs: number
  readonly capabilities: StoreCapabilities
}

/** The prefix does not matter to what a bucket can do, but rights may depend on it. */
function keptPath(plan: VolumePlan, url: S3Url): string {
  const identity = JSON.stringify([url.bucket, url.prefix, url.endpoint, url.region, plan.s3.forcePathStyle])
  return `${plan.cacheHome}/bucketfs/probes/${createHash('sha256').update(identity).digest('hex').slice(0, 32)}.json`
}

async function readKept(plan: VolumePlan, url: S3Url, nowMs: number): Promise<StoreCapabilities | undefined> {
  try {
    const kept = JSON.parse(await readFile(keptPath(plan, url), 'utf8')) as KeptProbe
    const ageMs = nowMs - kept.atMs
    return kept.version === probeVersion && ageMs >= 0 && ageMs < probeKeptMs ? kept.capabilities : undefined
  } catch {
    // Missing, unreadable or damaged: it is asked again.
    return undefined
  }
}

async function keep(plan: VolumePlan, url: S3Url, capabilities: StoreCapabilities, atMs: number): Promise<void> {
  const path = keptPath(plan, url)
  const kept: KeptProbe = { version: probeVersion, atMs, capabilities }
  try {
    await mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true, mode: 0o700 })
    const temporary = `${path}.${process.pid}.${systemRandom.uint32()}`
    await writeFile(temporary, JSON.stringify(kept), { mode: 0o600 })
    await rename(temporary, path)
  } catch (error) {
    // A home that cannot be written costs the next open its probe again, nothing else.
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

/** One warning for all that is missing of what promise P2 rests on. */
function warnOfGaps(capabilities: StoreCapabilities, { log }: VolumeParts, label: string): void {
  if (capabilities.readOnly) return
  const needed = [
    'putIfNoneMatch',
    'putIfMatch',
    'deleteIfMatch',
    'copyIfNoneMatch',
    'copyIfMatch',
    'copySourceIfMatch',
    'completeIfNoneMatch',
    'completeIfMatch',
  ] as const
  const missing = needed.filter((name) => !capabilities[name])
  if (missing.length === 0) return
  log.warn(
    'the bucket lacks conditions: where no detour is safe, changes look first and then write (counted as unsafe)',
    {
      volume: label,
      missing: missing.join(','),
    },
  )
}
