// Doors loaded beside the volume.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openEngine } from '../../src/engine/open.ts'
import { modulesUrl, useTestHome } from '../support/engine-home.ts'
import { openFakeWorker } from '../support/engine-kit.ts'

const home = useTestHome()

it.each(['worker', 'inline'] as const)(
  'hands the volume and its store to a door in the thread of a %s engine',
  async (kind) => {
    const engine = await openEngine('memory:', { engine: kind })
    const { client } = engine
    await client.calls.mkdir(client.caller(), '/d', 0o755, false)
    for (const name of ['x', 'y']) await client.calls.mkdir(client.caller(), `/d/${name}`, 0o755, false)
    const closedFile = join(home.current.path, 'closed')
    const door = await engine.host(modulesUrl, { directory: '/d', closedFile })
    expect(door.info).toMatchObject({ count: 2, given: ['function', 'function', 'function'] })
    expect((door.info as { threadId: number }).threadId === 0).toBe(kind === 'inline')
    await engine.close()
    expect(readFileSync(closedFile, 'utf8')).toBe('closed\n')
  },
)

it('closes a door once', async () => {
  const engine = await openFakeWorker()
  const closedFile = join(home.current.path, 'closed')
  const door = await engine.host(modulesUrl, { directory: '/', closedFile })
  await door.close()
  await door.close()
  await engine.close()
  expect(readFileSync(closedFile, 'utf8')).toBe('closed\n')
})

it('says when a module is no door', async () => {
  const engine = await openFakeWorker()
  const url = new URL('../support/fake-volume.mjs', import.meta.url)
  await expect(engine.host(url)).rejects.toThrow(`${url.href} exports no function named host`)
})

it("passes on a door's own failure to open", async () => {
  const engine = await openFakeWorker()
  await expect(engine.host(modulesUrl, { directory: '/absent', closedFile: '' })).resolves.toMatchObject({
    info: { count: 0 },
  })
  await expect(engine.host(modulesUrl, undefined)).rejects.toThrow(TypeError)
})
