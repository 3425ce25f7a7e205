// node:v8, <https://nodejs.org/api/v8.html>: the figures of the heap, under V8's names.

(function ({ missing, heap }) {
  function getHeapStatistics() {
    const { used, limit } = heap();
    return {
      total_heap_size: used,
      total_heap_size_executable: 0,
      total_physical_size: used,
      total_available_size: Math.max(0, limit - used),
      used_heap_size: used,
      heap_size_limit: limit,
      malloced_memory: 0,
      peak_malloced_memory: 0,
      does_zap_garbage: 0,
      number_of_native_contexts: 1,
      number_of_detached_contexts: 0,
      total_global_handles_size: 0,
      used_global_handles_size: 0,
      external_memory: 0,
      total_allocated_bytes: used,
    };
  }

  function getHeapSpaceStatistics() {
    const { used, limit } = heap();
    return [{
      space_name: 'heap', space_size: used, space_used_size: used,
      space_available_size: Math.max(0, limit - used), physical_space_size: used,
    }];
  }

  const module = {
    getHeapStatistics,
    getHeapSpaceStatistics,
    getHeapCodeStatistics: () => ({
      code_and_metadata_size: 0, bytecode_and_metadata_size: 0, external_script_source_size: 0, cpu_profiler_metadata_size: 0,
    }),
    cachedDataVersionTag: () => 0,
    // Flags of an engine that is not there change nothing.
    setFlagsFromString() {},
    startupSnapshot: { isBuildingSnapshot: () => false },
  };
  for (const name of ['serialize', 'deserialize', 'Serializer', 'Deserializer', 'DefaultSerializer',
    'DefaultDeserializer', 'getHeapSnapshot', 'writeHeapSnapshot', 'takeCoverage', 'stopCoverage',
    'setHeapSnapshotNearHeapLimit', 'promiseHooks', 'queryObjects', 'GCProfiler']) {
    module[name] = missing('v8', name);
  }
  return module;
})
