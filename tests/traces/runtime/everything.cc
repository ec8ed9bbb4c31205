// SPDX-License-Identifier: MIT
// What C++ adds: constructors before main() and destructors after it, exceptions through frames that were captured,
// virtual calls, thread_local objects with destructors, the standard library. Each touches named memory of its own.
#include <numasim/capture.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

constexpr size_t bytes = 1 << 20;

struct Buffer {
    unsigned char *data;
    explicit Buffer(const char *name) : data(static_cast<unsigned char *>(nsim_capture_map(name, bytes)))
    {
    }
    void touch() const
    {
        for (size_t i = 0; i < bytes; i += 64)
            data[i]++;
    }
};

struct Early {
    Buffer before{"before main"}, after{"after main"};
    Early()
    {
        before.touch();
    }
    ~Early()
    {
        after.touch();
    }
};

static Early early;
static Buffer thrown("on the way of an exception"), local("at the end of a thread"), sorted("sorted");

struct Unwinding {
    ~Unwinding()
    {
        thrown.touch();
    }
};

struct Local {
    int value = 1;
    ~Local()
    {
        local.touch();
    }
};

static thread_local Local mine;

struct Shape {
    virtual ~Shape() = default;
    virtual int sides() const = 0;
};

struct Square : Shape {
    int sides() const override
    {
        return 4;
    }
};

static int
deep(int level)
{
    Unwinding unwinding;
    if (level == 0)
        throw std::runtime_error("as wanted");
    return deep(level - 1) + 1;
}

int
main()
{
    int caught = 0;
    for (int i = 0; i < 10; i++) {
        try {
            deep(i);
        } catch (const std::exception &error) {
            caught += error.what() == std::string("as wanted");
        }
    }
    std::thread([] { mine.value++; }).join();
    const std::unique_ptr<Shape> shape = std::make_unique<Square>();
    auto *numbers = reinterpret_cast<unsigned *>(sorted.data);
    for (unsigned i = 0; i < bytes / sizeof *numbers; i++)
        numbers[i] = i * 2654435761u;
    std::sort(numbers, numbers + bytes / sizeof *numbers);
    std::vector<std::string> words(1000, "a text longer than what fits into the string itself");
    std::printf("%d %d %d %zu\n", caught, shape->sides(),
                std::is_sorted(numbers, numbers + bytes / sizeof *numbers) ? 1 : 0, words.back().size());
    return 0;
}
