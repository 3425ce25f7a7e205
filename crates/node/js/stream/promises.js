// node:stream/promises, <https://nodejs.org/api/stream.html#streams-promises-api>

(function ({ part }) {
  const { finishedPromise } = part('stream/finished'), { pipelinePromise } = part('stream/pipeline');
  return {
    finished: Object.defineProperty(finishedPromise, 'name', { value: 'finished' }),
    pipeline: Object.defineProperty(pipelinePromise, 'name', { value: 'pipeline' }),
  };
})
