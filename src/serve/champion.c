#include "serve/champion.h"

struct Champion {
    GMutex lock;
    Model *model;
};

Champion *champion_new(Model *model) {
    Champion *champion = g_new0(Champion, 1);
    g_mutex_init(&champion->lock);
    champion->model = model;
    return champion;
}

void champion_free(Champion *champion) {
    if (!champion) return;
    model_free(champion->model);
    g_mutex_clear(&champion->lock);
    g_free(champion);
}

Model *champion_get(Champion *champion) {
    g_mutex_lock(&champion->lock);
    Model *model = model_ref(champion->model);
    g_mutex_unlock(&champion->lock);
    return model;
}

void champion_set(Champion *champion, Model *model) {
    g_mutex_lock(&champion->lock);
    Model *before = champion->model;
    champion->model = model;
    g_mutex_unlock(&champion->lock);
    model_free(before);
}
