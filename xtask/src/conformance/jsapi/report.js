// After testharness.js: each subtest's result as it comes, then the harness's own.
add_result_callback(function (test) {
  console.log("@conformance " + JSON.stringify({
    name: test.name,
    status: test.status === test.PASS ? "pass" : "fail",
    message: test.status === test.FAIL ? test.message : test.format_status() + ": " + test.message,
  }));
});
add_completion_callback(function (tests, harness) {
  console.log("@conformance " + JSON.stringify({
    done: true,
    problem: harness.status === harness.OK ? null : harness.format_status() + ": " + harness.message,
  }));
});
