// Sizes: files a reader can hold in mind, folders a reader can survey.

import { posix } from 'node:path'
import { sourcesBelow, type FileMap } from './source-tree.ts'

const medianLinesMax = 150
const linesMax = 400
/** The aim is about 12; past this a folder hides two nouns. */
const folderFilesMax = 20

/** Non-blank lines. */
function linesOf(text: string): number {
  return text.split('\n').filter((line) => line.trim() !== '').length
}

export function checkFileSizes(files: FileMap): readonly string[] {
  return (['src', 'test', 'bench'] as const).flatMap((folder) =>
    sourcesBelow(files, folder)
      .filter(([, text]) => linesOf(text) > linesMax)
      .map(([path, text]) => `${path}: ${linesOf(text)} lines, more than ${linesMax}; split it by noun`),
  )
}

export function checkMedianSize(files: FileMap): readonly string[] {
  const sizes = sourcesBelow(files, 'src')
    .map(([, text]) => linesOf(text))
    .toSorted((a, b) => a - b)
  const median = sizes[sizes.length >> 1] ?? 0
  return median > medianLinesMax ? [`src: the median file has ${median} lines, more than ${medianLinesMax}`] : []
}

export function checkFolderSizes(files: FileMap): readonly string[] {
  const counts = new Map<string, number>()
  for (const [path] of sourcesBelow(files, 'src'))
    counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count > folderFilesMax)
    .map(([folder, count]) => `${folder}: ${count} files, more than ${folderFilesMax}; split it by noun`)
}
