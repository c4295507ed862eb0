#include "io/label_queue.h"

#include <assert.h>
#include <glib.h>

/* A label in one piece of memory: its fixed part, then trans_num and merchant. */
typedef struct Waiting {
    uint64_t card;
    int64_t transaction_time;
    uint16_t trans_num_len, merchant_len;
    bool is_fraud;
    char text[];
} Waiting;

typedef struct Slot {
    int64_t due;
    uint64_t sequence;
    Waiting *label;
} Slot;

/* Rows come nearly in order of time. Labels that do wait in a ring, first in, first out; those of
 * late rows in a binary heap, earliest first. */
struct LabelQueue {
    Slot *ring;
    size_t ring_first, ring_count, ring_room; /* the room is a power of two */
    Slot *slots;                              /* the heap */
    size_t count, room;
    uint64_t sequence;
    Waiting *popped;
};

enum {
    ROOM_MIN = 1024,
    AHEAD = 4, /* a label is asked for so many before it is taken */
};

LabelQueue *label_queue_new(void) {
    return g_new0(LabelQueue, 1);
}

static Slot *ring_at(const LabelQueue *queue, size_t index) {
    return &queue->ring[(queue->ring_first + index) & (queue->ring_room - 1)];
}

void label_queue_free(LabelQueue *queue) {
    if (!queue) return;
    for (size_t i = 0; i < queue->count; i++)
        g_free(queue->slots[i].label);
    for (size_t i = 0; i < queue->ring_count; i++)
        g_free(ring_at(queue, i)->label);
    g_free(queue->slots);
    g_free(queue->ring);
    g_free(queue->popped);
    g_free(queue);
}

static Waiting *copy_label(const Transaction *from) {
    Waiting *label = g_malloc(sizeof *label + from->trans_num.len + from->merchant.len);
    label->card = from->card;
    label->transaction_time = from->time;
    label->trans_num_len = (uint16_t)from->trans_num.len;
    label->merchant_len = (uint16_t)from->merchant.len;
    label->is_fraud = from->is_fraud == 1;
    memcpy(label->text, from->trans_num.data, from->trans_num.len);
    memcpy(label->text + from->trans_num.len, from->merchant.data, from->merchant.len);
    return label;
}

static bool earlier(const Slot *a, const Slot *b) {
    return a->due != b->due ? a->due < b->due : a->sequence < b->sequence;
}

static void ring_push(LabelQueue *queue, Slot slot) {
    if (queue->ring_count == queue->ring_room) {
        const size_t room = queue->ring_room ? queue->ring_room * 2 : ROOM_MIN;
        Slot *ring = g_new(Slot, room);
        for (size_t i = 0; i < queue->ring_count; i++)
            ring[i] = *ring_at(queue, i);
        g_free(queue->ring);
        queue->ring = ring;
        queue->ring_first = 0;
        queue->ring_room = room;
    }
    *ring_at(queue, queue->ring_count++) = slot;
}

static void heap_push(LabelQueue *queue, Slot slot) {
    if (queue->count == queue->room) {
        queue->room = queue->room ? queue->room * 2 : ROOM_MIN;
        queue->slots = g_renew(Slot, queue->slots, queue->room);
    }
    size_t at = queue->count++;
    for (; at > 0 && earlier(&slot, &queue->slots[(at - 1) / 2]); at = (at - 1) / 2)
        queue->slots[at] = queue->slots[(at - 1) / 2];
    queue->slots[at] = slot;
}

bool label_queue_push(LabelQueue *queue, const Transaction *transaction, int64_t delay) {
    assert(transaction->is_fraud == 0 || transaction->is_fraud == 1);
    if (label_queue_count(queue) == LABEL_QUEUE_MAX) return false;
    const Slot slot = {transaction->time + delay, queue->sequence++, copy_label(transaction)};
    if (queue->ring_count && slot.due < ring_at(queue, queue->ring_count - 1)->due)
        heap_push(queue, slot);
    else
        ring_push(queue, slot);
    return true;
}

size_t label_queue_count(const LabelQueue *queue) {
    return queue->ring_count + queue->count;
}

/* Removes the heap's first slot: the last one takes its place and sinks to where it belongs. */
static Slot heap_take(LabelQueue *queue) {
    const Slot first = queue->slots[0], last = queue->slots[--queue->count];
    size_t at = 0;
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= queue->count) break;
        if (child + 1 < queue->count && earlier(&queue->slots[child + 1], &queue->slots[child]))
            child++;
        if (!earlier(&queue->slots[child], &last)) break;
        queue->slots[at] = queue->slots[child];
        at = child;
    }
    queue->slots[at] = last;
    return first;
}

static Slot ring_take(LabelQueue *queue) {
    const Slot first = *ring_at(queue, 0);
    queue->ring_first++;
    queue->ring_count--;
    if (queue->ring_count > AHEAD) __builtin_prefetch(ring_at(queue, AHEAD)->label);
    return first;
}

bool label_queue_pop(LabelQueue *queue, int64_t now, Label *out) {
    const Slot *next = queue->ring_count ? ring_at(queue, 0) : NULL;
    const bool late = queue->count && (!next || earlier(&queue->slots[0], next));
    if (late) next = &queue->slots[0];
    if (!next || next->due > now) return false;
    const Slot first = late ? heap_take(queue) : ring_take(queue);
    g_free(queue->popped);
    const Waiting *label = queue->popped = first.label;
    *out = (Label){
        .trans_num = {label->text, label->trans_num_len},
        .merchant = {label->text + label->trans_num_len, label->merchant_len},
        .card = label->card,
        .transaction_time = label->transaction_time,
        .time = first.due,
        .is_fraud = label->is_fraud,
    };
    return true;
}
