// Each program on a volume over real HTTP, and on the real node:fs: the same answers.

import nodeFs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openVolume, type OpenedVolume } from '../../src/index.ts'
import { programs } from './programs/programs.ts'
import { serveBucket, type ServedBucket } from '../support/served-bucket.ts'

describe('on a volume as on the real node:fs', () => {
  let served: ServedBucket
  let volume: OpenedVolume
  let folder: string
  beforeAll(async () => {
    folder = nodeFs.mkdtempSync(join(tmpdir(), 'bucketfs-clients-'))
    served = await serveBucket()
    for (const [name, value] of Object.entries(served.environment)) process.env[name] = value
    volume = await openVolume(served.volumeUrl('in-process'))
  })
  afterAll(async () => {
    // Either may have failed to start.
    await (volume as OpenedVolume | undefined)?.close()
    await (served as ServedBucket | undefined)?.close()
    nodeFs.rmSync(folder, { recursive: true, force: true })
  })

  for (const [index, program] of programs.entries())
    it(program.name, { timeout: 120_000 }, async () => {
      const control = join(folder, String(index))
      nodeFs.mkdirSync(control)
      await volume.fs.promises.mkdir(`/${index}`)
      const ours = await program.run(volume.fs, `/${index}`)
      expect(ours).toEqual(await program.run(nodeFs, control))
    })
})
