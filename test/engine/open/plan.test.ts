import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/base/log.ts'
import { environmentName, settingsFromEnvironment } from '../../../src/engine/open/environment.ts'
import type { OpenVolumeOptions } from '../../../src/engine/open/options.ts'
import { planVolume } from '../../../src/engine/open/plan.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { settingsTable } from '../../../src/volume/settings.ts'

const none = {}

it('gives every setting its environment variable', () => {
  expect(environmentName('memoryBytesMax')).toBe('BUCKETFS_MEMORY_BYTES_MAX')
  const samples: Record<string, string> = {}
  for (const setting of settingsTable)
    samples[environmentName(setting.name)] =
      setting.type === 'choice' ? (setting.choices?.at(-1) as string) : setting.type === 'boolean' ? 'true' : '77'
  const settings = settingsFromEnvironment(samples)
  expect(Object.keys(settings)).toEqual(settingsTable.map(({ name }) => name))
})

it.each([
  ['BUCKETFS_MEMORY_BYTES_MAX', '1GiB', 'memoryBytesMax', 1024 ** 3],
  ['BUCKETFS_MEMORY_BYTES_MAX', '512 m', 'memoryBytesMax', 512 * 1024 ** 2],
  ['BUCKETFS_LISTING_TTL_MS', '2s', 'listingTtlMs', 2000],
  ['BUCKETFS_READ_ONLY', 'yes', 'readOnly', true],
  ['BUCKETFS_UID', '-1', 'uid', -1],
])('reads %s=%s', (name, text, setting, value) => {
  expect(settingsFromEnvironment({ [name]: text })).toEqual({ [setting]: value })
})

it.each([
  ['BUCKETFS_MEMORY_BYTES_MAX', 'lots'],
  ['BUCKETFS_MEMORY_BYTES_MAX', '5 parsecs'],
  ['BUCKETFS_INODE_COUNT_MAX', '5k'],
  ['BUCKETFS_READ_ONLY', 'maybe'],
  ['BUCKETFS_DURABILITY', 'none'],
])('refuses %s=%s by name', (name, text) => {
  expect(() => planVolume('memory:', none, { [name]: text })).toThrow(new RegExp(`^${name} must be .*not "${text}"$`))
})

it('prefers options to the URL to the environment to defaults', () => {
  const environment = {
    BUCKETFS_DURABILITY: 'memory',
    BUCKETFS_REGION: 'env',
    AWS_ENDPOINT_URL: 'http://env',
    BUCKETFS_LISTING_TTL_MS: '',
  }
  const plan = (url: string, options: OpenVolumeOptions) => planVolume(url, options, environment).plan
  expect(plan('s3://b', none).settings).toMatchObject({ durability: 'memory', listingTtlMs: 10_000 })
  expect(plan('s3://b', { durability: 'journal' }).settings.durability).toBe('journal')
  expect(plan('s3://b', none).s3).toMatchObject({ region: 'env', endpoint: 'http://env' })
  expect(plan('s3://b?region=url&endpoint=http://url', none).s3).toMatchObject({
    region: 'url',
    endpoint: 'http://url',
  })
  expect(plan('s3://b?region=url', { region: 'option', endpoint: 'http://option/' }).s3).toMatchObject({
    region: 'option',
    endpoint: 'http://option',
  })
})

it("owns foreign objects by the process's ids unless told otherwise", () => {
  expect(planVolume('memory:', none, none).plan.settings).toMatchObject({
    uid: process.geteuid?.(),
    gid: process.getegid?.(),
  })
  expect(planVolume('memory:', { uid: 5 }, none).plan.settings.uid).toBe(5)
})

it.each([
  ['store', createMemoryStore()],
  ['logger', silentLogger],
  ['credentials', async () => ({ accessKeyId: 'a', secretAccessKey: 'b' })],
  ['clock', { nowNs: () => 0n }],
])('refuses %s as code for a worker, naming the option and the way out', (name, value) => {
  const options = { [name]: value } as OpenVolumeOptions
  expect(() => planVolume('memory:', options, none)).toThrow(TypeError)
  expect(() => planVolume('memory:', options, none)).toThrow(
    new RegExp(`^${name} is code.*\\{ module, data \\}.*engine: 'inline'`),
  )
  expect(planVolume('memory:', { ...options, engine: 'inline' }, none).given).toEqual({ [name]: value })
})

it('refuses code hidden in the data of a module', () => {
  const store = { module: 'file:///x.mjs', data: { deep: [() => 1] } }
  expect(() => planVolume('memory:', { store }, none)).toThrow(/^store\.data must be plain data/)
})

it('lets fixed keys cross', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b', expiration: new Date(0) }
  expect(planVolume('s3://b', { credentials }, none).plan.s3.credentials).toEqual(credentials)
})

it('refuses an option it does not know, so that a misspelt one is no silent default', () => {
  expect(() => planVolume('memory:', { durabilty: 'memory' } as OpenVolumeOptions, none)).toThrow(
    /^unknown option durabilty$/,
  )
})

it('refuses an engine it does not know', () => {
  expect(() => planVolume('memory:', none, { BUCKETFS_ENGINE: 'thread' })).toThrow(RangeError)
})

it('keeps per-user folders where XDG says, and elsewhere below home', () => {
  expect(
    planVolume('memory:', none, { HOME: '/h', XDG_CACHE_HOME: '/c', XDG_STATE_HOME: 'relative' }).plan,
  ).toMatchObject({
    cacheHome: '/c',
    stateHome: '/h/.local/state',
  })
})
