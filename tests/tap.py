"""What the tests that are Python scripts share: running functions as TAP tests."""


def run(prefix, tests, *arguments):
    """Calls each test with the arguments and prints its outcome; one that returns "SKIP why" is
    skipped. Returns the exit status."""
    status = 0
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix("test_").replace("_", "-")
        try:
            skip = test(*arguments)
            print(f"ok {number} /{prefix}/{name}{' # ' + skip if skip else ''}", flush=True)
        except Exception as error:  # every failure is one line, and the rest still runs
            status = 1
            print(f"# {type(error).__name__}: {str(error)[:2000]!r}")
            print(f"not ok {number} /{prefix}/{name}", flush=True)
    return status
