// Folders of several processes on one machine: real child processes that live, close, or are killed.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { cacheShare } from '../../../src/engine/open/folders.ts'
import { SlotTakenError, slotCountMax, takeSlot } from '../../../src/engine/open/slots.ts'
import type { Slot } from '../../../src/engine/open/slots.ts'
import { useTestHome } from '../../support/engine-home.ts'

const home = useTestHome()
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const slotsUrl = JSON.stringify(new URL('../../../dist/engine/open/slots.js', import.meta.url).href)

interface Holder {
  readonly index: number
  kill(): Promise<void>
}

/** A process that takes a slot, puts a file into its journal folder, and stays. */
function holdSlot(root: string): Promise<Holder> {
  const source = `
    import { takeSlot } from ${slotsUrl}
    import { mkdirSync, writeFileSync } from 'node:fs'
    const slot = await takeSlot(${JSON.stringify(root)})
    mkdirSync(slot.path + '/journal', { recursive: true })
    writeFileSync(slot.path + '/journal/segment', 'not replayed')
    console.log(slot.index)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.stdout?.on('data', (bytes) =>
      resolve({
        index: Number(bytes),
        async kill() {
          child.kill('SIGKILL')
          await ended
        },
      }),
    )
  })
}

const root = (): string => join(home.current.path, 'volume')
const hasJournal = async (path: string): Promise<boolean> => existsSync(join(path, 'journal', 'segment'))

it('gives each taker the lowest slot that is free', async () => {
  const first = await takeSlot(root())
  const second = await takeSlot(root())
  expect([first.index, second.index]).toEqual([0, 1])
  await first.release()
  expect((await takeSlot(root())).index).toBe(0)
})

it('gives different slots to takers that come at once, in several processes', async () => {
  const holders = await Promise.all([holdSlot(root()), holdSlot(root()), takeSlot(root()), takeSlot(root())])
  expect(new Set(holders.map(({ index }) => index))).toEqual(new Set([0, 1, 2, 3]))
})

it('keeps the slot of a living process from others, and hands over that of a killed one', async () => {
  const living = await holdSlot(root())
  const killed = await holdSlot(root())
  await killed.kill()
  const slot = await takeSlot(root(), { wantsOrphan: hasJournal })
  // The killed one's slot is the lowest that is free: it comes with what is in it.
  expect(living.index).toBe(0)
  expect(slot.index).toBe(1)
  expect(await hasJournal(slot.path)).toBe(true)
  expect(slot.orphans).toEqual([])
})

it('hands over every journal of a dead owner, each to one process only', async () => {
  const dead = await Promise.all([holdSlot(root()), holdSlot(root()), holdSlot(root())])
  for (const holder of dead) await holder.kill()
  const [left, right] = (await Promise.all([
    takeSlot(root(), { wantsOrphan: hasJournal }),
    takeSlot(root(), { wantsOrphan: hasJournal }),
  ])) as [Slot, Slot]
  const taken = [left, right].flatMap((slot) => [slot.path, ...slot.orphans.map(({ path }) => path)])
  expect(new Set(taken).size).toBe(taken.length)
  expect([0, 1, 2].every((index) => taken.includes(join(root(), 'slots', String(index))))).toBe(true)
})

it('leaves a slot of a dead owner that holds nothing to whoever needs one', async () => {
  const holders = await Promise.all([holdSlot(root()), holdSlot(root())])
  for (const holder of holders) await holder.kill()
  expect((await takeSlot(root(), { wantsOrphan: async () => false })).orphans).toEqual([])
})

it('refuses an explicit folder that a living process has, by its process id', async () => {
  await takeSlot(root(), { only: 0 })
  const taking = takeSlot(root(), { only: 0 })
  await expect(taking).rejects.toBeInstanceOf(SlotTakenError)
  await expect(taking).rejects.toThrow(`${root()} is in use by process ${process.pid}`)
})

it('counts a half-written owner as none', async () => {
  mkdirSync(join(root(), 'slots', '0'), { recursive: true })
  writeFileSync(join(root(), 'slots', '0', 'owner.json'), '{"id":"ab')
  expect((await takeSlot(root())).index).toBe(0)
})

it('never lets the shares of the disk cache add up to more than the whole', () => {
  const bytesMax = 10 * 1024 ** 3
  let sum = 0
  for (let index = 0; index < slotCountMax; index++) sum += cacheShare(bytesMax, index)
  expect(sum).toBeLessThanOrEqual(bytesMax)
  expect(cacheShare(bytesMax, 0)).toBe(bytesMax * 0.75)
})
