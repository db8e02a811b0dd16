// The files of a journal, below the state they tell.

import { expect, it } from 'vitest'
import { Segments } from '../../../src/volume/journal/segments.ts'
import { readJournals } from '../../../src/volume/journal/read-journal.ts'
import { SimDisk } from '../../support/sim-disk.ts'

it('keeps records that are appended while others are being written', async () => {
  const disk = new SimDisk()
  let onWrite = (): void => {}
  const open = disk.open.bind(disk)
  disk.open = async (name) => {
    const file = await open(name)
    const write = file.write.bind(file)
    return {
      ...file,
      async write(offset, bytes) {
        onWrite()
        await write(offset, bytes)
      },
    }
  }
  const segments = new Segments({
    ...{ files: disk, journal: 'journal', firstNumber: 1, bytesMax: 1e6 },
    checkpoint: () => [],
    isIdle: () => false,
  })
  segments.append({ t: 'place', ino: 2, parent: 1, name: 'first' })
  await segments.commit()
  segments.append({ t: 'place', ino: 3, parent: 1, name: 'second' })
  onWrite = () => {
    onWrite = () => {}
    segments.append({ t: 'place', ino: 4, parent: 1, name: 'third' })
  }
  await segments.commit()
  await segments.commit()
  await segments.close(true)
  const { journals, close } = await readJournals(disk)
  await close()
  expect(journals.flatMap(({ state }) => [...state.places.values()]).map(({ name }) => name)).toEqual([
    'first',
    'second',
    'third',
  ])
})
