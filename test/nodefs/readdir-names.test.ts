// readdir for names alone sends nothing for types, and what it left open is never shown as known.

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openVolume } from '../../src/index.ts'
import { useTestHome } from '../support/engine-home.ts'

const home = useTestHome()

it('does not pass on guessed types to those who ask for types, of any thread or form', async () => {
  const url = `file://${join(home.current.path, 'bucket')}`
  const first = await openVolume(url)
  first.fs.writeFileSync('/file', 'x')
  first.fs.symlinkSync('file', '/link')
  await first.close()
  const volume = await openVolume(url)
  const { fs } = volume
  const types = (): unknown =>
    fs.readdirSync('/', { withFileTypes: true }).map((entry) => [entry.name, entry.isSymbolicLink()])
  expect(fs.readdirSync('/')).toEqual(['file', 'link'])
  expect(await fs.promises.readdir('/')).toEqual(['file', 'link'])
  expect(types()).toEqual([
    ['file', false],
    ['link', true],
  ])
  expect(fs.readdirSync('/')).toEqual(['file', 'link'])
  expect(types()).toEqual([
    ['file', false],
    ['link', true],
  ])
  await volume.close()
})
